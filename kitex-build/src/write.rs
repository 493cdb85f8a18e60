//! Output that goes to disk: written where it has changed, and gone where nothing stands behind it any more.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::emit::{MARK, Output};

/// Writes the output to the file `target`, and its parts to the directory of the same name beside it.
pub(crate) fn write(target: &Path, output: &Output) -> Result<(), (PathBuf, io::Error)> {
    let parts = target.with_extension("");
    let written: Vec<PathBuf> = output.parts.iter().map(|(path, _)| parts.join(path)).collect();
    for (path, (_, text)) in written.iter().zip(&output.parts) {
        write_changed(path, text)?;
    }
    // The parts come first: what names them is never there without them.
    write_changed(target, &output.text)?;
    remove_others(&parts, &written);
    Ok(())
}

/// Leaves a file alone that holds the text already, so that nothing is compiled again.
fn write_changed(path: &Path, text: &str) -> Result<(), (PathBuf, io::Error)> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let directory = path.parent().map_or(Ok(()), fs::create_dir_all);
    directory.and_then(|()| fs::write(path, text)).map_err(|error| (path.to_owned(), error))
}

/// Removes parts of an earlier build: files that say of themselves that they are. What cannot be removed does no harm.
fn remove_others(directory: &Path, written: &[PathBuf]) {
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            remove_others(&path, written);
            // Fails unless it is empty.
            let _ = fs::remove_dir(&path);
        } else if !written.contains(&path)
            && fs::read(&path).is_ok_and(|text| text.starts_with(MARK.as_bytes()))
        {
            let _ = fs::remove_file(&path);
        }
    }
}
