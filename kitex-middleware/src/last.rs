//! What was said last.

use std::sync::Mutex;

/// What was said last, for those who look at a layer's state. Nobody waits for it: of texts at the same time one is kept.
#[derive(Debug, Default)]
pub(crate) struct Last(Mutex<Option<String>>);

impl Last {
    pub(crate) fn note(&self, text: String) {
        if let Ok(mut last) = self.0.try_lock() {
            *last = Some(text);
        }
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().ok()?.clone()
    }
}
