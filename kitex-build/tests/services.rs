//! The generated services at work: the reviewed code, compiled, over the real runtime. A client of a server needs no
//! wire, and these handlers never wait.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod services {
    include!("golden/services.rs");
}

mod methods {
    include!("golden/methods.rs");
}

mod names {
    include!("golden/names.rs");
}

mod docs {
    include!("golden/docs.rs");
}

mod echo {
    include!("golden/echo.rs");
}

use std::collections::{HashMap, HashSet};
use std::future::IntoFuture;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use kitex::{Bytes, CallError, Context, ErrorKind, Str};

use services::example::base::{Denied, HealthClient, HealthLoadError, Id, Level, Page};
use services::example::shop::{
    Choice, Item, Missing, Nothing, NothingServer, Special, SpecialClient, SpecialServer, StockClient,
    StockGetError,
};

/// Answers with what it was asked for, as far as there is room.
#[derive(Default)]
struct Shop {
    touched: Mutex<Vec<String>>,
}

impl Special for Shop {
    async fn ping(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn load(&self, _: &mut Context, node: Id) -> Result<Level, CallError<HealthLoadError>> {
        if node.is_empty() { Err(Denied { who: "nobody".into() })? } else { Ok(Level::LOW) }
    }

    async fn get(&self, _: &mut Context, id: Id) -> Result<Item, CallError<StockGetError>> {
        match &*id {
            "" => Err(Denied { who: "anyone".into() })?,
            "none" => Err(Missing { ids: vec![id] })?,
            _ => Ok(Item { id, ..Default::default() }),
        }
    }

    async fn list(&self, _: &mut Context, ids: Vec<Id>, _: Page) -> Result<Vec<Item>, CallError> {
        Ok(ids.into_iter().map(|id| Item { id, ..Default::default() }).collect())
    }

    async fn touch(&self, _: &mut Context, token: Bytes, context: Str) -> Result<(), CallError> {
        self.touched.lock().unwrap().push(format!("{token:?} {context}"));
        Ok(())
    }

    async fn search(
        &self,
        _: &mut Context,
        text: Str,
        exact: bool,
        score: f64,
        levels: HashSet<Level>,
        limit: i64,
        least: Level,
        page: i16,
        flags: i8,
    ) -> Result<HashMap<Str, Vec<Item>>, CallError> {
        let told = format!("{text} {exact} {score} {} {limit} {least:?} {page} {flags}", levels.len());
        Ok(HashMap::from([(told.into(), vec![])]))
    }

    async fn pick(&self, _: &mut Context, choice: Choice) -> Result<Choice, CallError> {
        Ok(choice)
    }

    async fn extra(&self, _: &mut Context, _: Page) -> Result<(), CallError> {
        Err(CallError::failed("nothing extra"))
    }
}

/// What a call that never waits ends with.
fn ended<T>(call: impl IntoFuture<Output = T>) -> T {
    let mut call = pin!(call.into_future());
    match call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(ended) => ended,
        Poll::Pending => panic!("the call waits"),
    }
}

fn client() -> (SpecialClient, Arc<Shop>) {
    let shop = Arc::new(Shop::default());
    (SpecialClient::new(SpecialServer::from_arc(Arc::clone(&shop))), shop)
}

#[test]
fn every_argument_arrives() {
    let (client, shop) = client();
    let levels = HashSet::from([Level::LOW, Level(9)]);
    let found = ended(client.search("text", true, 1.5, levels, -1, Level::LOW, 2, 3)).unwrap();
    assert_eq!(found.keys().next().map(|key| &**key), Some("text true 1.5 2 -1 LOW 2 3"));
    ended(client.touch(&b"\xff"[..], "at night")).unwrap();
    assert_eq!(*shop.touched.lock().unwrap(), ["b\"\\xff\" at night"]);
    assert_eq!(ended(client.pick(Choice::Count(7))).unwrap(), Choice::Count(7));
    let items = ended(client.list(vec!["a".into(), "b".into()], Page::default())).unwrap();
    assert_eq!(items.iter().map(|item| &*item.id).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn errors_have_the_types_of_the_method() {
    let (client, _) = client();
    let denied = ended(client.get("")).unwrap_err();
    assert!(
        matches!(denied, CallError::Exception(StockGetError::Denied(Denied { who })) if &*who == "anyone")
    );
    let missing = ended(client.get("none")).unwrap_err();
    assert!(
        matches!(missing, CallError::Exception(StockGetError::Missing(Missing { ids })) if ids == ["none"])
    );
    let failed = ended(client.extra(Page::default())).unwrap_err();
    assert_eq!(failed.error().map(kitex::Error::kind), Some(ErrorKind::Handler));
}

#[test]
fn an_extended_service_serves_the_clients_of_what_it_extends() {
    let server = || SpecialServer::new(Shop::default());
    let (health, stock) = (HealthClient::new(server()), StockClient::new(server()));
    ended(health.ping()).unwrap();
    assert_eq!(ended(health.load("node")).unwrap(), Level::LOW);
    assert!(ended(health.load("")).unwrap_err().exception().is_some());
    assert_eq!(&*ended(stock.get("shelf")).unwrap().id, "shelf");
}

#[test]
fn a_method_that_is_not_there_is_told() {
    struct Empty;
    impl Nothing for Empty {}
    let health = HealthClient::new(NothingServer::new(Empty));
    let error = ended(health.ping()).unwrap_err();
    assert_eq!(error.error().map(kitex::Error::kind), Some(ErrorKind::UnknownMethod));
}
