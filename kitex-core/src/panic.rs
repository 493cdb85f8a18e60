//! Panics as values.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what may panic; the error is what the panic said.
///
/// Whoever calls this must not go on with what was left half done: it is to be dropped, or was handed over whole.
///
/// ```
/// assert_eq!(kitex_core::catch_panic(|| 1), Ok(1));
/// assert_eq!(kitex_core::catch_panic(|| -> u8 { panic!("no {}", 2) }), Err("no 2".to_owned()));
/// ```
#[inline]
pub fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(said)
}

/// What was panicked with may panic once more when it is dropped, which must not get past those who catch panics.
#[cold]
fn said(panic: Box<dyn Any + Send>) -> String {
    let text = panic_text(&*panic).to_owned();
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text
}

/// What a panic said, by what was caught of it.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_kept_whatever_it_is() {
        let formatted = catch_panic(|| panic!("{} and {}", 1, 2));
        let number = catch_panic(|| std::panic::panic_any(3));
        assert_eq!(catch_panic(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(formatted, Err::<(), _>("1 and 2".to_owned()));
        assert_eq!(number, Err::<(), _>("no text".to_owned()));
    }

    /// Panics with its like when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Bomb);
        }
    }

    #[test]
    fn what_was_panicked_with_may_panic() {
        assert_eq!(catch_panic(|| std::panic::panic_any(Bomb)), Err::<(), _>("no text".to_owned()));
    }
}
