//! Where a server listens and a client connects to.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kitex_codec::Str;
use kitex_core::Peer;

use crate::Memory;

/// One place to listen at or to connect to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A host name and a port, resolved at each connect.
    Host(String),
    /// The path of a unix socket.
    Unix(PathBuf),
    /// A listener in this process.
    Memory(Memory),
}

impl Address {
    /// Reads `127.0.0.1:8888`, `[::1]:8888`, `host:8888`, `:8888` (every address of this machine), `unix:/path` or
    /// `/path`. Errors if it is none of them.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::new(text, "an address is empty"));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(AddressError::new(text, "the path is missing"))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        if text.starts_with('/') || text.starts_with("./") {
            return Ok(Self::Unix(text.into()));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(AddressError::new(text, "the port is missing: write host:port"));
        };
        if port.parse::<u16>().is_err() {
            return Err(AddressError::new(text, "the port is no number from 0 to 65535"));
        }
        match host {
            "" => Self::parse(&format!("[::]:{port}")),
            host if host.contains([':', '/']) => {
                Err(AddressError::new(text, "it is neither host:port nor unix:/path"))
            }
            _ => Ok(Self::Host(text.to_owned())),
        }
    }
}

impl Address {
    /// Who is there, as far as the address tells.
    pub fn peer(&self) -> Peer {
        match self {
            Self::Ip(address) => Peer::Ip(*address),
            Self::Host(host) => Peer::Host(Str::from(host)),
            Self::Unix(path) => Peer::Unix(Some(Str::from(path.to_string_lossy().as_ref()))),
            Self::Memory(_) => Peer::Memory,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Host(host) => f.write_str(host),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Memory(_) => f.write_str("memory"),
        }
    }
}

/// One or several addresses, from whatever they are written as: text with commas between them, socket addresses,
/// paths. What is no address shows when it is used.
#[derive(Debug, Clone)]
pub struct Addresses(Result<Vec<Address>, AddressError>);

impl Addresses {
    /// The addresses. Errors if the text they were given as is none, or if there is not one.
    pub fn into_list(self) -> Result<Vec<Address>, AddressError> {
        let list = self.0?;
        if list.is_empty() { Err(AddressError::new("", "no address is given")) } else { Ok(list) }
    }
}

impl From<&str> for Addresses {
    fn from(text: &str) -> Self {
        Self(text.split(',').map(Address::parse).collect())
    }
}

impl From<String> for Addresses {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Addresses {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Address> for Addresses {
    fn from(address: Address) -> Self {
        Self(Ok(vec![address]))
    }
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Address::Ip(address).into()
    }
}

impl From<(&str, u16)> for Addresses {
    fn from((host, port): (&str, u16)) -> Self {
        format!("{host}:{port}").into()
    }
}

impl From<&Path> for Addresses {
    fn from(path: &Path) -> Self {
        Address::Unix(path.into()).into()
    }
}

impl From<PathBuf> for Addresses {
    fn from(path: PathBuf) -> Self {
        Address::Unix(path).into()
    }
}

impl From<&Memory> for Addresses {
    fn from(memory: &Memory) -> Self {
        Address::Memory(memory.clone()).into()
    }
}

impl<A: Into<Addresses>> From<Vec<A>> for Addresses {
    fn from(addresses: Vec<A>) -> Self {
        let lists: Result<Vec<_>, _> = addresses.into_iter().map(|address| address.into().0).collect();
        Self(lists.map(|lists| lists.into_iter().flatten().collect()))
    }
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    text: String,
    what: &'static str,
}

impl AddressError {
    fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.to_owned(), what }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.text {
            "" => f.write_str(self.what),
            text => write!(f, "`{text}` is no address: {}", self.what),
        }
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_what_people_write() {
        let cases = [
            ("127.0.0.1:8888", "127.0.0.1:8888"),
            ("[::1]:80", "[::1]:80"),
            (":8888", "[::]:8888"),
            ("localhost:8888", "localhost:8888"),
            ("unix:/tmp/a.sock", "unix:/tmp/a.sock"),
            ("unix:///tmp/a.sock", "unix:/tmp/a.sock"),
            ("/tmp/a.sock", "unix:/tmp/a.sock"),
        ];
        for (text, expected) in cases {
            assert_eq!(Address::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        let cases = [
            ("localhost", "`localhost` is no address: the port is missing: write host:port"),
            ("host:port", "`host:port` is no address: the port is no number from 0 to 65535"),
            ("http://host:80", "`http://host:80` is no address: it is neither host:port nor unix:/path"),
            ("unix:", "`unix:` is no address: the path is missing"),
            (" ", "an address is empty"),
        ];
        for (text, expected) in cases {
            assert_eq!(Address::parse(text).unwrap_err().to_string(), expected);
        }
        assert!(Addresses::from("a:1,b").into_list().is_err());
        assert_eq!(Addresses::from("a:1, b:2").into_list().unwrap().len(), 2);
    }
}
