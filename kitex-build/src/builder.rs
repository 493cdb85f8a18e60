//! What a build script calls.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::dialect::Dialect;
use crate::emit::{self, Options, Output};
use crate::lint::{Level, Levels, Lint};
use crate::report::Report;
use crate::source::Source;
use crate::thrift::model::Program;
use crate::thrift::{self, Disk, Files, Memory};
use crate::write;

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
    dialect: Option<Dialect>,
    levels: Levels,
    options: Options,
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

    /// Whose reading counts where compilers differ. Default: nobody's, and what only one of them could mean is an error.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Builder {
        self.dialect = Some(dialect);
        self
    }

    /// What becomes of a lint's findings. Default: [`Level::Warn`].
    ///
    /// ```no_run
    /// use kitex_build::{Level, Lint};
    ///
    /// kitex_build::configure().lint(Lint::LeadingZero, Level::Deny).compile(["idl/echo.thrift"])?;
    /// # Ok::<(), kitex_build::Error>(())
    /// ```
    #[must_use]
    pub fn lint(mut self, lint: Lint, level: Level) -> Builder {
        self.levels.set(lint, level);
        self
    }

    /// The same for all lints.
    #[must_use]
    pub fn lints(self, level: Level) -> Builder {
        Lint::ALL.into_iter().fold(self, |builder, lint| builder.lint(lint, level))
    }

    /// Generates everything in included files. Default: of those, only what the files given to the compiler use. A file
    /// that declares nothing itself stands for those that it includes.
    #[must_use]
    pub fn everything(mut self) -> Builder {
        self.options.everything = true;
        self
    }

    /// Makes structs and exceptions keep the fields that this build does not know, in a field `unknown_fields`, and write
    /// them again. They are charged to a message's budget. Values are made with `..Default::default()` as before.
    ///
    /// One struct alone keeps them by `(rust.unknown_fields = "true")`, and leaves it by `"false"`.
    #[must_use]
    pub fn keep_unknown_fields(mut self) -> Builder {
        self.options.unknown_fields = true;
        self
    }

    /// Makes every typedef a type of its own, as pilota does: a tuple struct with `From` and `Deref`, and a message where it
    /// holds one. By default a typedef is another name of its type.
    ///
    /// One typedef alone becomes one by `(rust.newtype = "true")`, and remains a name by `"false"`. Where modules are
    /// taken from [elsewhere](Builder::elsewhere), both builds must have the same setting.
    #[must_use]
    pub fn newtypes(mut self) -> Builder {
        self.options.newtypes = true;
        self
    }

    /// Derives a trait for every struct, union, exception, enum and newtype, such as `serde::Serialize`. One type alone derives it
    /// by `(rust.derive = "serde::Serialize")`.
    #[must_use]
    pub fn derive(mut self, path: impl Into<String>) -> Builder {
        self.options.derives.push(path.into());
        self
    }

    /// Takes the types of a namespace from a module that another build has generated, such as one of a crate that
    /// several services share: they are named there and not generated again.
    ///
    /// The namespace is as in the IDL, without `namespace rs` the file's name. The other build must have compiled the same
    /// files for it, with [`everything`](Builder::everything) where it does not use all that is used here; what is a
    /// map's key or a set's element here must be one there. Exceptions from there become a method's error by `into()`, and
    /// with it `CallError::Exception`.
    ///
    /// ```no_run
    /// kitex_build::configure().elsewhere("example.base", "::base_idl::example::base").compile(["idl/users.thrift"])?;
    /// # Ok::<(), kitex_build::Error>(())
    /// ```
    #[must_use]
    pub fn elsewhere(mut self, namespace: impl Into<String>, path: impl Into<String>) -> Builder {
        self.options.elsewhere.push((namespace.into(), path.into()));
        self
    }

    /// Compiles the files and all that they include into one tree of modules, and says where it was written to.
    ///
    /// Tells cargo which files to watch, and prints what is odd in them as warnings. Errors if a file cannot be read
    /// or is wrong, or if the output cannot be written.
    pub fn compile<P: AsRef<Path>>(self, files: impl IntoIterator<Item = P>) -> Result<PathBuf, Error> {
        let run = self.run(files);
        run.announce();
        let target = self.target(&run.roots)?;
        let (output, _) = run.output(Some(&target))?;
        write_output(&target, &output).map(|()| target)
    }

    /// The same outside of a build script: nothing is printed, and the warnings are given back.
    pub fn generate<P: AsRef<Path>>(
        self,
        files: impl IntoIterator<Item = P>,
    ) -> Result<(PathBuf, Warnings), Error> {
        let run = self.run(files);
        let target = self.target(&run.roots)?;
        let (output, warnings) = run.output(Some(&target))?;
        write_output(&target, &output).map(|()| (target, warnings))
    }

    /// Says what is wrong with the files and all that they include, and writes nothing.
    pub fn check<P: AsRef<Path>>(self, files: impl IntoIterator<Item = P>) -> Result<Warnings, Error> {
        let run = self.run(files);
        if run.roots.is_empty() {
            return Err(Error::new(NO_FILE.to_owned()));
        }
        run.program().map(|(_, warnings)| warnings)
    }

    /// Compiles texts, each with the path that stands for it: the first is the root, and what it includes is looked for
    /// among the others. Nothing is read from disk or written to it.
    ///
    /// ```
    /// let files: [(&str, &[u8]); 2] = [
    ///     ("user.thrift", b"include 'id.thrift' struct User { 1: id.Id id }"),
    ///     ("id.thrift", b"typedef i64 Id"),
    /// ];
    /// let (code, _) = kitex_build::configure().compile_texts(&files)?;
    /// assert!(code.contains("pub struct User"));
    /// # Ok::<(), kitex_build::Error>(())
    /// ```
    pub fn compile_texts(self, files: &[(&str, &[u8])]) -> Result<(String, Warnings), Error> {
        let roots = files.iter().take(1).map(|(path, _)| PathBuf::from(path)).collect();
        let (output, warnings) = self.read(&Memory::new(files), roots).output(None)?;
        Ok((output.text, warnings))
    }

    fn run<P: AsRef<Path>>(&self, files: impl IntoIterator<Item = P>) -> Run {
        self.read(&Disk, files.into_iter().map(|file| file.as_ref().to_owned()).collect())
    }

    fn read(&self, files: &dyn Files, roots: Vec<PathBuf>) -> Run {
        let mut report = Report::new(self.levels);
        let build = thrift::load(files, &roots, &self.include_dirs, self.dialect, &mut report);
        let program = thrift::resolve(&build, &mut report);
        Run { roots, sources: build.sources, report, program, options: self.options.clone() }
    }

    fn target(&self, roots: &[PathBuf]) -> Result<PathBuf, Error> {
        let directory = self.out_dir.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(directory) = directory else {
            let text =
                "error: OUT_DIR is not set: call this from a build script, or set `Builder::out_dir`\n";
            return Err(Error::new(text.to_owned()));
        };
        let stem =
            roots.first().and_then(|root| root.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        match self.output.clone().or(stem) {
            Some(name) => Ok(directory.join(format!("{name}.rs"))),
            None => Err(Error::new(NO_FILE.to_owned())),
        }
    }
}

const NO_FILE: &str = "error: there is no file to compile\n";

/// What came of reading the files.
struct Run {
    roots: Vec<PathBuf>,
    sources: Vec<Source>,
    report: Report,
    program: Option<Program>,
    options: Options,
}

impl Run {
    /// Cargo's directives: the files to watch, and the warnings.
    #[expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
    fn announce(&self) {
        for path in self.watched() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        for warning in self.report.warning_lines(&self.sources) {
            println!("cargo::warning={warning}");
        }
    }

    /// All files that were read, and those that should have been.
    fn watched(&self) -> Vec<&Path> {
        let read = self.sources.iter().map(|source| &source.path);
        let unread = |root: &&PathBuf| self.sources.iter().all(|source| source.path != **root);
        read.chain(self.roots.iter().filter(unread)).map(PathBuf::as_path).collect()
    }

    fn program(self) -> Result<(Program, Warnings), Error> {
        let warnings = Warnings { text: self.report.render_warnings(&self.sources) };
        match self.program {
            Some(program) => Ok((program, warnings)),
            None => Err(Error { text: self.report.render_errors(&self.sources), warnings }),
        }
    }

    /// The code, in parts if it goes to a file that can name them.
    fn output(self, target: Option<&Path>) -> Result<(Output, Warnings), Error> {
        let options = self.options.clone();
        let parts = target.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
        self.program().map(|(program, warnings)| (emit::emit(&program, &options, parts.as_deref()), warnings))
    }
}

fn write_output(target: &Path, output: &Output) -> Result<(), Error> {
    let failed = |(path, error): (PathBuf, io::Error)| {
        Error::new(format!("error: cannot write {}: {error}\n", path.display()))
    };
    write::write(target, output).map_err(failed)
}

/// What is odd in the IDL, as text for people. Nothing to show if nothing is.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    text: String,
}

impl Warnings {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

/// What is wrong with the IDL, as text for people: each finding with its place, the line, and a hint.
pub struct Error {
    text: String,
    warnings: Warnings,
}

impl Error {
    fn new(text: String) -> Error {
        Error { text, warnings: Warnings::default() }
    }

    /// What is odd beside what is wrong.
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_read_is_watched() {
        let files: [(&str, &[u8]); 3] = [
            ("main.thrift", b"include 'sub/one.thrift' struct A { 1: Missing m }"),
            ("sub/one.thrift", b"include 'two.thrift'"),
            ("sub/two.thrift", b"oops"),
        ];
        let roots = vec![PathBuf::from("main.thrift"), PathBuf::from("absent.thrift")];
        let run = configure().read(&Memory::new(&files), roots);
        let watched: Vec<_> = run.watched().into_iter().map(|path| path.display().to_string()).collect();
        assert_eq!(watched, ["main.thrift", "sub/one.thrift", "sub/two.thrift", "absent.thrift"]);
    }

    #[test]
    fn a_file_of_includes_stands_for_them() {
        let files: [(&str, &[u8]); 4] = [
            ("index.thrift", b"include 'a.thrift' include 'b.thrift'"),
            ("a.thrift", b"include 'c.thrift' struct A { 1: c.Used u }"),
            ("b.thrift", b"struct B {}"),
            ("c.thrift", b"struct Used {} struct Unused {}"),
        ];
        let (code, _) = configure().compile_texts(&files).unwrap();
        let (all, _) = configure().everything().compile_texts(&files).unwrap();
        let found = |code: &str| {
            ["A", "B", "Used", "Unused"].map(|name| code.contains(&format!("pub struct {name} ")))
        };
        assert_eq!((found(&code), found(&all)), ([true, true, true, false], [true; 4]));
    }

    #[test]
    fn settings_reach_every_type() {
        let text: [(&str, &[u8]); 1] = [(
            "a.thrift",
            b"struct A { 1: i32 a } union U {} enum E {} struct L {} (rust.unknown_fields = 'false')",
        )];
        let builder = configure().keep_unknown_fields().derive("serde::Serialize").derive("Hash");
        let (code, _) = builder.compile_texts(&text).unwrap();
        assert_eq!(code.matches("pub unknown_fields:").count(), 1);
        assert_eq!((code.matches("serde::Serialize").count(), code.matches("Hash, Hash").count()), (4, 0));
    }
}
