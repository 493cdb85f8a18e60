//! What the requests of a connection say alike, put together once a method.

use kitex_codec::{EncodeError, Form};

use crate::head::{Names, RequestTemplate};
use crate::{Method, MethodDescriptor};

/// Methods that a connection remembers; the last place is taken by turns.
const KEPT: usize = 16;

/// The headers' constant parts, by method.
#[derive(Debug, Default)]
pub(super) struct Templates {
    known: Vec<(&'static MethodDescriptor, RequestTemplate)>,
    /// That of a method without a descriptor.
    other: Option<RequestTemplate>,
}

impl Templates {
    /// The template of a method. Errors if a name is too long for a header.
    pub(super) fn of(
        &mut self,
        method: &Method,
        names: &Names<'_>,
        form: Form,
    ) -> Result<&RequestTemplate, EncodeError> {
        let Some(descriptor) = method.descriptor() else {
            return Ok(self.other.insert(RequestTemplate::new(names, form, method)?));
        };
        let at = match self.known.iter().position(|(known, _)| std::ptr::eq(*known, descriptor)) {
            Some(at) => at,
            None => {
                let template = RequestTemplate::new(names, form, method)?;
                self.known.truncate(KEPT - 1);
                self.known.push((descriptor, template));
                self.known.len() - 1
            }
        };
        Ok(&self.known[at].1)
    }
}
