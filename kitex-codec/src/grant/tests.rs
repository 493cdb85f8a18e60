use std::sync::mpsc;
use std::thread;

use super::*;

/// What is left of a message when nobody refers to it: the test's own handle.
fn is_free(message: &Bytes) -> bool {
    message.is_unique()
}

fn message() -> Bytes {
    Bytes::from(b"one two three four five six seven eight nine ten".to_vec())
}

/// A reference that is dropped as a text drops it.
struct Text {
    reference: Reference,
    listed: bool,
}

// SAFETY: as for texts: the bytes never change, and the count is atomic.
unsafe impl Send for Text {}

impl Text {
    fn share(&self) -> Self {
        // SAFETY: it has not been dropped.
        Self { reference: unsafe { self.reference.share() }, listed: false }
    }

    fn bytes(&self) -> Bytes {
        // SAFETY: it has not been dropped.
        unsafe { self.reference.to_bytes() }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        match self.listed {
            // SAFETY: it is dropped once.
            true => unsafe { self.reference.release_later() },
            // SAFETY: as above.
            false => unsafe { self.reference.release() },
        }
    }
}

/// The texts of a list of a message; the last one is dropped for itself.
fn texts(message: &Bytes) -> Vec<Text> {
    let mut grant = Grant::new(message.clone());
    let text = |word: &[u8]| Text { reference: grant.refer(word).unwrap(), listed: true };
    let mut texts: Vec<Text> = message.split(|byte| *byte == b' ').map(text).collect();
    texts.last_mut().unwrap().listed = false;
    texts
}

#[test]
fn a_list_that_is_dropped_leaves_nothing() {
    let message = message();
    for reversed in [false, true] {
        let mut texts = texts(&message);
        assert_eq!(texts.iter().map(Text::bytes).collect::<Vec<_>>().join(&b' '), message);
        if reversed {
            texts.reverse();
        }
        assert!(!is_free(&message));
        drop(texts);
        assert!(is_free(&message), "{reversed}");
    }
}

#[test]
fn texts_that_outlive_their_list_keep_the_message() {
    let message = message();
    let mut texts = texts(&message);
    let kept = texts.remove(3);
    let last = texts.pop();
    let again = kept.share();
    drop(texts);
    drop(last);
    assert_eq!(kept.bytes(), "four");
    drop(kept);
    assert!(!is_free(&message));
    assert_eq!(again.bytes(), "four");
    let bytes = again.bytes();
    drop(again);
    assert!(!is_free(&message));
    drop(bytes);
    assert!(is_free(&message));
}

#[test]
fn a_list_that_another_thread_drops_leaves_nothing() {
    let message = message();
    let texts = texts(&message);
    let (done, dropped) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let other = thread::spawn(move || {
        drop(texts);
        done.send(()).unwrap();
        // The thread goes on, as those of a runtime do.
        let _ = ended.recv();
    });
    dropped.recv().unwrap();
    assert!(is_free(&message));
    drop(end);
    other.join().unwrap();
}

#[test]
fn what_a_thread_owes_is_settled_when_it_ends_and_by_other_texts() {
    let message = message();
    let mut texts = texts(&message);
    let some = texts.split_off(4);
    drop(texts);
    thread::spawn(|| drop(some)).join().unwrap();
    assert!(!is_free(&message), "this thread owes four");
    let other = Bytes::from(b"other words".to_vec());
    let mut more = self::texts(&other);
    more.pop();
    assert!(!is_free(&message), "the last one of a list is taken off at once");
    drop(more);
    assert!(is_free(&message) && is_free(&other));

    let mut texts = self::texts(&message);
    let some = texts.split_off(4);
    drop(some);
    thread::spawn(|| drop(texts)).join().unwrap();
    assert!(is_free(&message), "the thread that owed has ended");
}

#[test]
fn what_a_thread_owes_is_settled_when_it_gives_a_chunk_back() {
    let message = message();
    let mut texts = texts(&message);
    let last = texts.pop();
    drop(texts);
    thread::spawn(|| drop(last)).join().unwrap();
    assert!(!is_free(&message));
    crate::put_chunk(crate::take_chunk());
    assert!(is_free(&message));
}

#[test]
fn texts_that_are_dropped_while_the_grant_is_open_are_taken_off_with_it() {
    let message = message();
    let mut grant = Grant::new(message.clone());
    for part in [&message[..3], &message[4..7], &message[..0]] {
        drop(Text { reference: grant.refer(part).unwrap(), listed: true });
    }
    assert!(!is_free(&message));
    drop(grant);
    assert!(is_free(&message));
    drop(Grant::new(message.clone()));
    assert!(is_free(&message));
}

#[test]
fn other_bytes_are_not_referred_to() {
    let message = message();
    let part = message.slice(4..20);
    let mut grant = Grant::new(part.clone());
    for other in [&b"two"[..], &message[..3], &message[3..7], &message[18..21], &message[30..]] {
        assert!(grant.refer(other).is_none(), "{other:?}");
    }
    let reference = grant.refer(&message[4..7]).unwrap();
    assert_eq!(reference.start.as_ptr().cast_const(), part.as_ptr());
    drop(Text { reference, listed: false });
    drop((grant, part));
    assert!(is_free(&message));
}

thread_local! {
    static LAST: Cell<Option<Vec<Text>>> = const { Cell::new(None) };
}

#[test]
fn texts_that_a_thread_drops_while_it_ends_are_taken_off_at_once() {
    for owes_first in [true, false] {
        let message = message();
        let (texts, mut before) = (texts(&message), self::texts(&message));
        // Whichever of the two ends first, the texts of both are taken off.
        thread::spawn(move || {
            if owes_first {
                before.remove(0);
            }
            LAST.set(Some(texts));
            if !owes_first {
                before.remove(0);
            }
        })
        .join()
        .unwrap();
        assert!(is_free(&message), "{owes_first}");
    }
}

#[test]
fn threads_that_clone_and_drop_at_once_leave_nothing() {
    let message = message();
    let threads: Vec<_> = (0..4)
        .map(|_| texts(&message))
        .map(|texts| {
            let (near, far): (Vec<_>, Vec<_>) =
                texts.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
            let clones: Vec<Text> = near.iter().map(|(_, text)| text.share()).collect();
            let one = thread::spawn(|| drop((near, clones)));
            let other = thread::spawn(|| drop(far));
            [one, other]
        })
        .collect();
    threads.into_iter().flatten().for_each(|thread| thread.join().unwrap());
    assert!(is_free(&message));
}
