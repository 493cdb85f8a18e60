//! What the requests of a connection say alike, put together once a method.

use kitex_codec::{EncodeError, Form};

use crate::head::{Names, RequestTemplate};
use crate::{MethodDescriptor, Request};

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
    /// The template of a request's method and of the metadata that it shares with others. Errors if a name is too long
    /// for a header.
    pub(super) fn of(
        &mut self,
        request: &Request,
        names: &Names<'_>,
        form: Form,
    ) -> Result<&RequestTemplate, EncodeError> {
        let method = &request.method;
        let shared = request.context.metadata.shared();
        let make = || RequestTemplate::new(names, form, method, shared);
        let Some(descriptor) = method.descriptor() else {
            return Ok(self.other.insert(make()?));
        };
        let same = |(known, template): &(&'static MethodDescriptor, RequestTemplate)| {
            std::ptr::eq(*known, descriptor) && template.is_for(shared)
        };
        let at = match self.known.iter().position(same) {
            Some(at) => at,
            None => {
                self.known.truncate(KEPT - 1);
                self.known.push((descriptor, make()?));
                self.known.len() - 1
            }
        };
        Ok(&self.known[at].1)
    }
}
