//! Calls as generated servers take them.

use kitex_codec::Message;

use crate::{
    Body, CallError, Context, Error, ErrorKind, MethodResult, Payload, Protocol, Request, Response, Stage,
    Status,
};

/// A call whose arguments are decoded: what is left is its context, and to answer it.
#[derive(Debug)]
pub struct Incoming {
    context: Context,
    /// What the arguments came in, and the result goes back in.
    protocol: Protocol,
}

/// Decodes the arguments of a request. Errors, as [`ErrorKind::Arguments`], if they are none.
pub fn accept<A: Message>(request: Request) -> Result<(Incoming, A), Error> {
    let Request { method, mut context, body } = request;
    let Body::Message(payload) = body else {
        return Err(Error::new(ErrorKind::Arguments, Stage::Decode, "a stream came for a message"));
    };
    let args = payload.decode(context.limits()).map_err(|error| {
        Error::new(ErrorKind::Arguments, Stage::Decode, "the arguments cannot be decoded")
            .with_method(&method)
            .with_source(error)
    })?;
    context.set_method(method);
    Ok((Incoming { context, protocol: payload.protocol() }, args))
}

impl Incoming {
    /// What the handler may know of the call.
    pub fn context(&mut self) -> &mut Context {
        &mut self.context
    }

    /// The end of a oneway call, which nobody waits for: its answer is not sent.
    pub fn done(mut self) -> Result<Response, Error> {
        self.context.set_answered();
        Ok(Response::empty(Status::Ok))
    }

    /// The answer to the call.
    pub fn reply<R: MethodResult>(
        mut self,
        outcome: Result<R::Success, CallError<R::Exception>>,
    ) -> Result<Response, Error> {
        self.context.set_answered();
        let metadata = self.context.take_response_metadata();
        let (status, result) = match outcome {
            Ok(value) => (Status::Ok, R::from_outcome(Ok(value))),
            Err(CallError::Exception(exception)) => (Status::Exception(0), R::from_outcome(Err(exception))),
            Err(CallError::Status(status)) => {
                return Ok(Response { metadata, ..Response::empty(Status::Business(status)) });
            }
            Err(CallError::Failed(error)) => return Err(error.of_handler().with_metadata(metadata)),
        };
        let payload = Payload::encode_in(self.protocol, &result, self.context.limits())?;
        let status = match status {
            Status::Exception(_) => Status::Exception(payload.first_field().map_or(0, |field| field.id)),
            status => status,
        };
        Ok(Response { metadata, ..Response::new(status, payload) })
    }
}
