//! The root files and all that they include, each read and parsed once.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::parse;
use super::syntax::Document;
use crate::dialect::Dialect;
use crate::report::Report;
use crate::source::{Source, Span};

/// An IDL file is at most this large: 16 MiB is a hundred times what people write.
const FILE_SIZE: u64 = 16 << 20;

/// Where files come from.
pub(crate) trait Files {
    /// The one name of a file that exists, however it is spelled.
    fn identity(&self, path: &Path) -> Option<PathBuf>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The file system.
#[derive(Debug)]
pub(crate) struct Disk;

impl Files for Disk {
    fn identity(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if metadata.len() > FILE_SIZE {
            return Err(io::Error::other(format!(
                "it has {} bytes, the limit is {FILE_SIZE}",
                metadata.len()
            )));
        }
        std::fs::read(path)
    }
}

/// Files that are given as texts.
#[derive(Debug)]
pub(crate) struct Memory<'a>(HashMap<&'a Path, &'a [u8]>);

impl<'a> Memory<'a> {
    pub(crate) fn new(files: &[(&'a str, &'a [u8])]) -> Memory<'a> {
        Memory(files.iter().map(|(name, text)| (Path::new(*name), *text)).collect())
    }
}

impl Files for Memory<'_> {
    fn identity(&self, path: &Path) -> Option<PathBuf> {
        self.0.contains_key(path).then(|| path.to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.to_vec()).ok_or_else(|| io::Error::other("no such file"))
    }
}

/// One file of the build.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) document: Document,
    /// Prefix and index of each file it includes.
    pub(crate) includes: Vec<(String, usize)>,
}

/// All files of a build, the roots first in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Build {
    pub(crate) sources: Vec<Source>,
    pub(crate) loaded: Vec<Loaded>,
    pub(crate) dialect: Option<Dialect>,
    /// The files that were asked for.
    roots: Vec<usize>,
}

impl Build {
    /// Whether all of a file is wanted. A file without definitions of its own stands for those that it includes.
    pub(crate) fn is_root(&self, file: usize) -> bool {
        self.roots.binary_search(&file).is_ok()
    }

    fn spread_roots(&mut self) {
        let mut next = std::mem::take(&mut self.roots);
        let mut known = vec![false; self.loaded.len()];
        while let Some(file) = next.pop() {
            let loaded = &self.loaded[file];
            if !std::mem::replace(&mut known[file], true) && loaded.document.definitions.is_empty() {
                next.extend(loaded.includes.iter().map(|(_, file)| *file));
            }
        }
        self.roots = (0..known.len()).filter(|&file| known[file]).collect();
    }
}

pub(crate) fn load(
    files: &dyn Files,
    roots: &[PathBuf],
    include_dirs: &[PathBuf],
    dialect: Option<Dialect>,
    report: &mut Report,
) -> Build {
    let build = Build { dialect, ..Build::default() };
    let mut loader =
        Loader { files, include_dirs, known: HashMap::new(), found: HashMap::new(), build, report };
    for root in roots {
        loader.root(root);
    }
    loader.build.spread_roots();
    loader.build
}

struct Loader<'a> {
    files: &'a dyn Files,
    include_dirs: &'a [PathBuf],
    /// By identity: the file's index, and whether its includes are all loaded.
    known: HashMap<PathBuf, (usize, bool)>,
    /// By the directory of the including file and the path as it is written: where that leads, if anywhere. A file may
    /// say the same a million times.
    found: HashMap<(PathBuf, String), Option<Found>>,
    build: Build,
    report: &'a mut Report,
}

/// The path of an included file, and its identity.
type Found = (PathBuf, PathBuf);

/// A file whose includes are being loaded.
struct Frame {
    file: usize,
    identity: PathBuf,
    next: usize,
}

impl Loader<'_> {
    fn root(&mut self, path: &Path) {
        let Some(identity) = self.files.identity(path) else {
            self.report.failure(format!("cannot find {}", path.display()));
            return;
        };
        if let Some((file, _)) = self.known.get(&identity) {
            self.build.roots.push(*file);
            return;
        }
        let mut stack = Vec::new();
        match self.read(path, &identity) {
            Ok(file) => {
                self.build.roots.push(file);
                stack.push(Frame { file, identity, next: 0 });
            }
            Err(error) => drop(self.report.failure(format!("cannot read {}: {error}", path.display()))),
        }
        // A loop, not recursion: a chain of includes may be as long as there are files.
        while let Some(frame) = stack.last_mut() {
            let (file, next) = (frame.file, frame.next);
            frame.next += 1;
            if next < self.build.loaded[file].document.includes.len() {
                self.include(file, next, &mut stack);
            } else if let Some(done) = stack.pop() {
                self.known.insert(done.identity, (done.file, true));
            }
        }
    }

    fn read(&mut self, path: &Path, identity: &Path) -> io::Result<usize> {
        let bytes = self.files.read(path)?;
        let file = self.build.sources.len();
        self.build.sources.push(Source::new(path, bytes));
        let document = parse::parse(file, &self.build.sources[file], self.build.dialect, self.report);
        self.build.loaded.push(Loaded { path: path.to_owned(), document, includes: Vec::new() });
        self.known.insert(identity.to_owned(), (file, false));
        Ok(file)
    }

    fn include(&mut self, file: usize, at: usize, stack: &mut Vec<Frame>) {
        let include = &self.build.loaded[file].document.includes[at];
        let (written, span) = (include.path.clone(), include.span);
        let Some((path, identity)) = self.search(file, &written, span) else {
            return;
        };
        let index = match self.known.get(&identity) {
            Some((index, true)) => *index,
            Some((index, false)) => return self.cycle(*index, stack, span),
            None => match self.read(&path, &identity) {
                Ok(index) => {
                    stack.push(Frame { file: index, identity, next: 0 });
                    index
                }
                Err(error) => {
                    self.report.error(span, format!("cannot read {}: {error}", path.display()));
                    return;
                }
            },
        };
        let prefix = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
        let includes = &mut self.build.loaded[file].includes;
        if !includes.contains(&(prefix.clone(), index)) {
            includes.push((prefix, index));
        }
    }

    /// An absolute path as it is; else beside the including file, then in each include directory.
    fn search(&mut self, file: usize, written: &str, span: Span) -> Option<Found> {
        if written.is_empty() {
            self.report.error(span, "an include needs the path of a file");
            return None;
        }
        let here = self.build.loaded[file].path.parent().unwrap_or(Path::new("")).to_owned();
        let (files, include_dirs) = (self.files, self.include_dirs);
        let paths = |here: &Path| -> Vec<PathBuf> {
            std::iter::once(here)
                .chain(include_dirs.iter().map(PathBuf::as_path))
                .map(|directory| directory.join(written))
                .collect()
        };
        let found = self.found.entry((here.clone(), written.to_owned())).or_insert_with(|| {
            paths(&here).into_iter().find_map(|path| files.identity(&path).map(|identity| (path, identity)))
        });
        if found.is_none() {
            let tried: Vec<String> =
                paths(&here).iter().map(|path| format!("`{}`", path.display())).collect();
            let finding = self.report.error(span, format!("cannot find the included file `{written}`"));
            finding.hint(format!("looked for {}", tried.join(", ")));
        }
        found.clone()
    }

    fn cycle(&mut self, to: usize, stack: &[Frame], span: Span) {
        let start = stack.iter().position(|frame| frame.file == to).unwrap_or(0);
        let name = |file: usize| self.build.loaded[file].path.display().to_string();
        let mut names: Vec<String> = stack[start..].iter().map(|frame| name(frame.file)).collect();
        names.push(name(to));
        let shown = match names.len() {
            0..=10 => names.join(" includes "),
            length => format!(
                "{} includes … includes {}",
                names[..5].join(" includes "),
                names[length - 2..].join(" includes ")
            ),
        };
        self.report.error(span, "files include each other in a circle").hint(shown);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Files that count how often one is looked for.
    struct Counted<'a>(Memory<'a>, Cell<usize>);

    impl Files for Counted<'_> {
        fn identity(&self, path: &Path) -> Option<PathBuf> {
            self.1.set(self.1.get() + 1);
            self.0.identity(path)
        }

        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.0.read(path)
        }
    }

    #[test]
    fn what_is_included_again_is_not_looked_for_again() {
        let text = "include 'a.thrift' include 'none.thrift' ".repeat(1_000);
        let found = [
            ("main.thrift", text.as_bytes()),
            ("shared/a.thrift", b"include 'b.thrift'"),
            ("shared/b.thrift", b""),
        ];
        let files = Counted(Memory::new(&found), Cell::new(0));
        let mut report = Report::default();
        let build = load(&files, &["main.thrift".into()], &["shared".into()], None, &mut report);
        assert_eq!((build.loaded.len(), build.loaded[0].includes.len()), (3, 1));
        // The root, two places for each of two files, and one for what stands beside the file that includes it.
        assert_eq!(files.1.get(), 1 + 2 * 2 + 1);
        assert!(report.render_errors(&build.sources).contains("error: 980 more errors are not shown"));
    }
}
