//! What a build script calls.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::report::Report;
use crate::source::Source;
use crate::thrift::{self, Disk};

/// Compiles one IDL file and all that it includes into `$OUT_DIR/<name>.rs`.
///
/// For build scripts: what is wrong with the IDL is printed, with the place and a hint, and ends the process.
pub fn compile(path: impl AsRef<Path>) {
    if let Err(error) = configure().compile([path]) {
        eprintln!("\n{error}");
        std::process::exit(1);
    }
}

/// A build with settings of its own.
pub fn configure() -> Builder {
    Builder::default()
}

/// The settings of a build.
///
/// ```no_run
/// kitex_build::configure()
///     .include_dir("idl/shared")
///     .output("services")
///     .compile(["idl/echo.thrift", "idl/users.thrift"])?;
/// # Ok::<(), kitex_build::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    include_dirs: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    output: Option<String>,
}

impl Builder {
    /// Adds a directory in which included files are looked for. The directory of the including file comes first,
    /// then these in the order in which they were added.
    #[must_use]
    pub fn include_dir(mut self, directory: impl AsRef<Path>) -> Builder {
        self.include_dirs.push(directory.as_ref().to_owned());
        self
    }

    /// Where the code is written to. Default: `$OUT_DIR`, which cargo sets for build scripts.
    #[must_use]
    pub fn out_dir(mut self, directory: impl AsRef<Path>) -> Builder {
        self.out_dir = Some(directory.as_ref().to_owned());
        self
    }

    /// The name of the output, without `.rs`. Default: the name of the first file.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>) -> Builder {
        self.output = Some(name.into());
        self
    }

    /// Compiles the files and all that they include into one tree of modules, and says where it was written to.
    ///
    /// Tells cargo which files to watch, and prints what is odd in them as warnings. Errors if a file cannot be read
    /// or is wrong, or if the output cannot be written.
    pub fn compile<P: AsRef<Path>>(self, files: impl IntoIterator<Item = P>) -> Result<PathBuf, Error> {
        let roots: Vec<PathBuf> = files.into_iter().map(|file| file.as_ref().to_owned()).collect();
        let target = self.target(&roots)?;
        let mut report = Report::default();
        let build = thrift::load(&Disk, &roots, &self.include_dirs, &mut report);
        let program = thrift::resolve(&build, &mut report);
        announce(&roots, &build.sources, &report);
        match program {
            Some(program) => write_changed(&target, &emit::emit(&program)).map(|()| target),
            None => Err(Error { text: report.render_errors(&build.sources) }),
        }
    }

    fn target(&self, roots: &[PathBuf]) -> Result<PathBuf, Error> {
        let directory = self.out_dir.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(directory) = directory else {
            let text =
                "error: OUT_DIR is not set: call this from a build script, or set `Builder::out_dir`\n";
            return Err(Error { text: text.to_owned() });
        };
        let stem =
            roots.first().and_then(|root| root.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        match self.output.clone().or(stem) {
            Some(name) => Ok(directory.join(format!("{name}.rs"))),
            None => Err(Error { text: "error: there is no file to compile\n".to_owned() }),
        }
    }
}

/// Cargo's directives: the files to watch, and the warnings.
#[expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
fn announce(roots: &[PathBuf], sources: &[Source], report: &Report) {
    let watched = sources.iter().map(|source| &source.path);
    let missing = roots.iter().filter(|root| sources.iter().all(|source| source.path != **root));
    for path in watched.chain(missing) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    for warning in report.warning_lines(sources) {
        println!("cargo::warning={warning}");
    }
}

/// Leaves a file alone that holds the text already, so that nothing is compiled again.
fn write_changed(path: &Path, text: &str) -> Result<(), Error> {
    if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(path, text)
    };
    write().map_err(|error| Error { text: format!("error: cannot write {}: {error}\n", path.display()) })
}

/// What is wrong with the IDL, as text for people: each finding with its place, the line, and a hint.
pub struct Error {
    text: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

/// The text as it is, so that a build script's `unwrap` stays readable.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Error {}
