//! Limits of connections, asked as a server asks, with paused time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use kitex_core::{AcceptPolicy, Peer, Registry};
use kitex_middleware::{PeerLimit, PeerLimitConfig};
use tokio::time::advance;

const MS: Duration = Duration::from_millis(1);

fn at(address: &str) -> Peer {
    Peer::Ip(SocketAddr::new(address.parse().unwrap(), 4711))
}

fn limit(connections: Option<u32>, rate: Option<(f64, u32)>) -> PeerLimit {
    let mut config = PeerLimitConfig::default();
    (config.connections, config.rate) = (connections, rate);
    PeerLimit::new(config).unwrap()
}

fn admitted(limit: &PeerLimit, address: &str, tries: usize) -> usize {
    (0..tries).filter(|_| limit.accept(&at(address), 0).is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn an_address_has_so_many_connections_at_a_time() {
    let limit = limit(Some(2), None);
    assert_eq!(admitted(&limit, "10.0.0.1", 5), 2);
    assert_eq!(admitted(&limit, "10.0.0.2", 5), 2);
    limit.closed(&at("10.0.0.1"));
    assert_eq!(admitted(&limit, "10.0.0.1", 5), 1);
    limit.closed(&at("10.0.0.1"));
    limit.closed(&at("10.0.0.1"));
    assert_eq!(admitted(&limit, "10.0.0.1", 5), 2);
    assert_eq!(
        limit.accept(&at("10.0.0.1"), 0).unwrap_err(),
        "the address has 2 connections [setting: PeerLimitConfig::connections = 2]"
    );
}

#[tokio::test(start_paused = true)]
async fn an_address_connects_so_often() {
    let limit = limit(None, Some((10.0, 3)));
    assert_eq!(admitted(&limit, "10.0.0.1", 10), 3);
    assert_eq!(
        limit.accept(&at("10.0.0.1"), 0).unwrap_err(),
        "the address connects more than 10 times a second, the next time in 100ms [setting: \
         PeerLimitConfig::rate = 10, 3 at once]"
    );
    limit.closed(&at("10.0.0.1"));
    assert_eq!(admitted(&limit, "10.0.0.1", 10), 0, "connections that have ended count as well");
    advance(200 * MS).await;
    assert_eq!(admitted(&limit, "10.0.0.1", 10), 2);
    assert_eq!(admitted(&limit, "10.0.0.2", 10), 3);
}

#[tokio::test(start_paused = true)]
async fn of_an_ipv6_address_the_network_counts_and_a_mapped_one_is_what_it_is() {
    let limit = limit(Some(3), None);
    let network = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"];
    assert_eq!(network.map(|address| admitted(&limit, address, 1)), [1, 1, 1]);
    assert_eq!(admitted(&limit, "2001:db8:1:2::4", 1), 0);
    assert_eq!(admitted(&limit, "2001:db8:1:3::1", 5), 3);
    assert_eq!(admitted(&limit, "10.0.0.1", 2) + admitted(&limit, "::ffff:10.0.0.1", 2), 3);
    limit.closed(&at("::ffff:10.0.0.1"));
    assert_eq!(admitted(&limit, "10.0.0.1", 2), 1);
}

#[tokio::test(start_paused = true)]
async fn peers_without_an_address_are_not_limited() {
    let limit = limit(Some(1), Some((1.0, 1)));
    for peer in [Peer::Memory, Peer::Unix(None)] {
        assert!((0..100).all(|_| limit.accept(&peer, 0).is_ok()), "{peer}");
        limit.closed(&peer);
    }
}

#[tokio::test(start_paused = true)]
async fn a_million_addresses_leave_nothing_behind_and_its_state_can_be_looked_at() {
    let mut config = PeerLimitConfig::default();
    (config.connections, config.rate, config.addresses) = (Some(2), Some((1000.0, 5)), 1000);
    let registry = Registry::new();
    let limit = PeerLimit::new(config).unwrap().register(&registry);
    let address = |number: u32| IpAddr::from(number.to_be_bytes()).to_string();
    let mut refused = 0;
    for number in 0..1_000_000 {
        let peer = at(&address(number));
        match limit.accept(&peer, 0) {
            Ok(()) => limit.closed(&peer),
            Err(_) => refused += 1,
        }
    }
    // Those with a bucket, and a burst of those without.
    assert!((1_000_000 - 1270..=1_000_000 - 1000).contains(&refused), "{refused}");
    assert_eq!((admitted(&limit, "0.0.0.1", 2), admitted(&limit, "0.0.0.2", 1)), (2, 1));
    let last = "0.0.0.1:4711: the address has 2 connections [setting: PeerLimitConfig::connections = 2]";
    assert!(limit.accept(&at("0.0.0.1"), 0).is_err());
    assert_eq!(
        registry.inspect(),
        serde_json::json!([{ "kind": "peers", "name": "", "state": {
            "connections": 2, "rate": [1000.0, 5], "addresses": 2, "most": 2, "refused": refused + 1,
            "last_refusal": last,
        }}])
    );
    advance(5 * MS).await;
    assert_eq!(admitted(&limit, &address(999_999), 2), 2, "there is room again");
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let refused = |edit: fn(&mut PeerLimitConfig)| {
        let mut config = PeerLimitConfig::default();
        edit(&mut config);
        PeerLimit::new(config).unwrap_err().to_string()
    };
    let cases = [
        (
            refused(|config| config.connections = Some(0)),
            "PeerLimitConfig::connections: a limit of 0 lets nobody connect",
        ),
        (refused(|config| config.addresses = 0), "PeerLimitConfig::addresses: 0 is not from 1 to 16777216"),
        (
            refused(|config| config.rate = Some((1.0, 0))),
            "PeerLimitConfig::rate: a burst of 0 lets nobody connect",
        ),
        (
            refused(|config| config.rate = Some((f64::NAN, 1))),
            "PeerLimitConfig::rate: NaN a second is not above 0 and at most 100000000",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error, expected);
    }
}
