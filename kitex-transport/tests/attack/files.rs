//! A process that may open no more files.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::time::Duration;

use kitex_transport::ServerSettings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::healthy::Healthy;
use crate::log;
use crate::peer::{Server, binary, framed};
use crate::service::ECHO;
use crate::trial::{alone, busy};

/// Set in the process whose bound on open files is lowered: it holds for all that the process does.
const CHILD: &str = "KITEX_FEW_FILES";

const NAME: &str = "files::accepting_survives_that_no_file_can_be_opened";

#[test]
fn accepting_survives_that_no_file_can_be_opened() {
    if std::env::var_os(CHILD).is_some() {
        return run_out_of_files();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let run = child.args(["--exact", NAME, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let (told, failed) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    println!("{told}");
    assert!(run.status.success() && told.contains("accepted once files"), "{told}\n{failed}");
}

/// Lets only one further file be opened; gives what was allowed before.
fn allow_one_file() -> Rlimit {
    let before = getrlimit(Resource::Nofile);
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    let current = Some(u64::from(next.unsigned_abs()) + 1);
    setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    before
}

fn run_out_of_files() {
    let lines = log::lines();
    alone(|clients| {
        let server = Server::start(ServerSettings::default(), 2);
        let mut healthy = Healthy::connect(server.address);
        healthy.call();
        let before = allow_one_file();
        // The one file is the client's end; the server's cannot be opened.
        let mut waiting = clients.block_on(server.connect());
        let line = lines.wait_for(&["ERROR", "cannot accept connections", "retry_after"]);
        let calls = healthy.calls(1000);
        let busy = busy(Duration::from_millis(200));
        assert!(busy < Duration::from_millis(20), "busy {busy:?} of 200ms with accepting again and again");
        assert_eq!(server.connections(), 1);
        setrlimit(Resource::Nofile, before).unwrap();
        let call = framed(ECHO, &binary(b"late"));
        let mut answer = vec![0; call.len()];
        clients.block_on(async {
            waiting.write_all(&call).await.unwrap();
            let read = waiting.read_exact(&mut answer);
            tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
        });
        assert_eq!((answer[7], &answer[8..]), (2, &call[8..]));
        println!(
            "{line}\naccepted once files could be opened again; beside it {calls:?}, then busy {busy:?}"
        );
    });
}
