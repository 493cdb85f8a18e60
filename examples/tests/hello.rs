//! What `hello` shows, line by line: a feature that is taken away changes its line.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_feature_is_seen() {
    let lines = examples::hello::run().await.unwrap();
    let seen = |feature: &str| {
        let line = lines.iter().find(|line| line.feature == feature);
        line.map(|line| line.seen.as_str()).unwrap_or_default()
    };
    let pooled = "`hello, Ada`, to the caller `hello`; 8 calls at once over 2 connections";
    assert_eq!(seen("TTHeader, pooled"), pooled);
    let overtook = "`hello, Ada` overtook a call of 50 ms: true; 9 calls over 1 connection";
    assert_eq!(seen("TTHeader, multiplexed"), overtook);
    assert_eq!(seen("Framed"), "`hello, Ada`, to the caller ``");
    assert_eq!(seen("Buffered"), "`hello, Ada`, to the caller ``");
    assert_eq!(seen("unix socket"), "`hello, Ada`, over a unix socket");
    assert_eq!(seen("oneway"), "the server saw 1 wave");
    assert_eq!(seen("metadata"), "the server read TENANT `blue`, and sent back greeted-by `example`");
    assert_eq!(seen("declared exception"), "`nobody` is a stranger to the server");
    assert_eq!(seen("business status"), "404, no such account: `gold`");
    assert!(seen("deadline").starts_with("in time: deadline exceeded calling Greeter.Wait at 127.0.0.1:"));
    assert!(seen("wrong port").starts_with("cannot connect at 127.0.0.1:1 (while connecting)"));
    let shutdown = "20 callers met the end; calls served and not answered: 0;";
    assert!(seen("shutdown under load").starts_with(shutdown), "{}", seen("shutdown under load"));
    assert_eq!(lines.len(), 12);
}
