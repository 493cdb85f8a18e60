// The service that the guide's callers call.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/idl/echo.rs"));

struct Parrot;

impl echo::Echo for Parrot {
    async fn say(
        &self,
        _: &mut kitex::Context,
        request: echo::Request,
    ) -> Result<kitex::Str, kitex::CallError<echo::EchoSayError>> {
        if request.text.is_empty() {
            Err(echo::Refused { reason: "there is nothing to say".into(), code: 1 })?;
        }
        Ok(request.text.repeat(request.times.try_into().unwrap_or(0)).into())
    }

    async fn note(&self, _: &mut kitex::Context, _: kitex::Str) -> Result<(), kitex::CallError> {
        Ok(())
    }
}

#[allow(dead_code)]
async fn parrot() -> Result<kitex::Address, kitex::ServeError> {
    let server = kitex::Server::new().add(echo::EchoServer::new(Parrot));
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.address().clone();
    tokio::spawn(bound.serve());
    Ok(address)
}
