//! The messages of each reviewed input, and values of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::plan::Plan;
use super::super::{Options, reach};
use super::entropy::Entropy;
use super::tree::Tree;
use crate::dialect::Dialect;
use crate::report::Report;
use crate::thrift::model::{Base, Field, Id, Kind, Program, Requiredness, StructKind, Type};
use crate::thrift::{Disk, load, resolve};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
/// Structs in structs beyond this many have what they must have.
const DEPTH: usize = 5;
/// An id that no input has.
const NOBODYS: i16 = 31_000;

/// A reviewed input, compiled as `tests/golden.rs` does.
pub(super) struct Input {
    stem: String,
    program: Program,
    options: Options,
}

/// What a message is made of.
pub(super) enum Shape {
    Definition(Id),
    /// The arguments of a method.
    Arguments(Id, usize),
    /// The result of a method: one of its fields at most.
    Result(Id, usize),
}

impl Input {
    pub(super) fn all() -> Vec<Input> {
        let files = std::fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|extension| extension == "thrift")).collect();
        paths.sort();
        paths.iter().map(|path| Input::new(path)).collect()
    }

    fn new(path: &Path) -> Input {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut options = Options::default();
        let dialect = match stem.split('_').next() {
            Some("apache") => Some(Dialect::Apache),
            Some("thriftgo") => Some(Dialect::Thriftgo),
            _ => None,
        };
        options.newtypes = stem.starts_with("newtyped");
        if stem == "mapped" {
            options.elsewhere.push(("example.base".to_owned(), String::new()));
        }
        let mut report = Report::default();
        let build = load(&Disk, &[path.to_owned()], &[], dialect, &mut report);
        let program = resolve(&build, &mut report).unwrap();
        Input { stem, program, options }
    }

    /// All messages, by their paths from where the inputs are included.
    pub(super) fn messages(&self) -> Vec<(String, Shape)> {
        let wanted = reach::reached(&self.program);
        let plan = Plan::new(&self.program, &wanted, &self.options);
        let mut found = Vec::new();
        for module in &plan.modules {
            let path = format!("{}::{}", self.stem, module.path.join("::"));
            for &id in &module.definitions {
                if self.is_message(id) {
                    found.push((format!("{path}::{}", plan.names[id]), Shape::Definition(id)));
                }
                let Some(service) = self.program.service(id) else { continue };
                for at in 0..service.methods.len() {
                    let (calls, names) = (&plan.services[&id].calls, &plan.calls[&(id, at)]);
                    found.push((format!("{path}::{calls}::{}", names.arguments), Shape::Arguments(id, at)));
                    found.push((format!("{path}::{calls}::{}", names.result), Shape::Result(id, at)));
                }
            }
        }
        found
    }

    /// Whether the message is a union.
    pub(super) fn is_union_shape(&self, shape: &Shape) -> bool {
        matches!(shape, Shape::Definition(id) if self.is_union(&Type::Named(*id)))
    }

    fn is_message(&self, id: Id) -> bool {
        let definition = &self.program.definitions[id];
        match &definition.kind {
            Kind::Struct(_) => true,
            Kind::Typedef(ty) => {
                definition.wishes.newtype.unwrap_or(self.options.newtypes)
                    && self.program.struct_of(ty).is_some()
            }
            Kind::Const(_) | Kind::Enum(_) | Kind::Service(_) => false,
        }
    }

    /// How many messages the reviewed code implements.
    pub(super) fn implementations(&self) -> usize {
        let mut paths = vec![Path::new(DIRECTORY).join(format!("{}.rs", self.stem))];
        let mut directories = vec![Path::new(DIRECTORY).join(&self.stem)];
        while let Some(directory) = directories.pop() {
            let entries =
                std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
            let (inside, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
            directories.extend(inside);
            paths.extend(files);
        }
        let texts = paths.iter().map(|path| std::fs::read_to_string(path).unwrap());
        texts
            .map(|text| {
                text.matches("::kitex::codegen::Message for").count()
                    + text.matches("::kitex::codegen::Message\n").count()
            })
            .sum()
    }

    /// A value of the shape.
    pub(super) fn value(&self, shape: &Shape, entropy: &mut Entropy<'_>) -> Tree {
        match shape {
            Shape::Definition(id) => {
                let tree = self.tree(&Type::Named(*id), 0, false, entropy);
                match self.is_union(&Type::Named(*id)) && tree.is_nothing() {
                    true => Tree::Struct(vec![(NOBODYS, unknown(entropy))]),
                    false => tree,
                }
            }
            Shape::Arguments(id, at) => {
                let method = self.program.method(*id, *at).method;
                Tree::Struct(self.fields(&method.arguments, 0, false, entropy))
            }
            Shape::Result(id, at) => {
                let method = self.program.method(*id, *at).method;
                let success = method.result.iter().map(|ty| (0, ty));
                let all: Vec<_> =
                    success.chain(method.throws.iter().map(|field| (field.id, &field.ty))).collect();
                Tree::Struct(self.one_of(&all, 0, false, entropy))
            }
        }
    }

    /// None of the members, or one.
    fn one_of(
        &self,
        members: &[(i16, &Type)],
        depth: usize,
        full: bool,
        entropy: &mut Entropy<'_>,
    ) -> Vec<(i16, Tree)> {
        let chosen = entropy.below(16);
        if depth > DEPTH || members.is_empty() || (chosen == 0 && !full) {
            return Vec::new();
        }
        let (id, ty) = members[chosen % members.len()];
        vec![(id, self.in_field(ty, depth, full, entropy))]
    }

    /// A value of a field that may be absent.
    fn in_field(&self, ty: &Type, depth: usize, full: bool, entropy: &mut Entropy<'_>) -> Tree {
        let tree = self.tree(ty, depth, full, entropy);
        if self.is_union(ty) && tree.is_nothing() { Tree::Absent } else { tree }
    }

    fn is_union(&self, ty: &Type) -> bool {
        self.program.struct_of(ty).is_some_and(|(_, found)| found.kind == StructKind::Union)
    }

    /// In `full`, all fields are there: two keys stay two when defaults are put in for what is not given.
    fn fields(
        &self,
        fields: &[Field],
        depth: usize,
        full: bool,
        entropy: &mut Entropy<'_>,
    ) -> Vec<(i16, Tree)> {
        let mut found = Vec::new();
        for field in fields {
            let required = field.requiredness == Requiredness::Required;
            let given = if full { depth <= DEPTH } else { entropy.below(4) > 0 && depth <= DEPTH };
            if required {
                found.push((field.id, self.tree(&field.ty, depth, full, entropy)));
            } else if given {
                found.push((field.id, self.in_field(&field.ty, depth, full, entropy)));
            }
        }
        // Peers send fields in any order.
        let first = entropy.below(8).min(found.len());
        found.rotate_left(first);
        found
    }

    fn tree(&self, ty: &Type, depth: usize, full: bool, entropy: &mut Entropy<'_>) -> Tree {
        match self.program.target(ty) {
            Type::Base(base) => scalar(*base, entropy),
            Type::List(element) => {
                let count = self.count(depth, entropy);
                let items = (0..count).map(|_| self.tree(element, depth + 1, full, entropy));
                Tree::List(self.kind(element), items.collect())
            }
            Type::Set(element) => {
                let count = self.count(depth, entropy);
                let items = (0..count).map(|_| (self.tree(element, depth + 1, true, entropy), ()));
                let distinct: BTreeMap<Tree, ()> = items.map(|(item, ())| (item.canonical(), ())).collect();
                Tree::Set(self.kind(element), distinct.into_keys().collect())
            }
            Type::Map(key, value) => {
                let mut entries = BTreeMap::new();
                for _ in 0..self.count(depth, entropy) {
                    let key = self.tree(key, depth + 1, true, entropy).canonical();
                    entries.insert(key, self.tree(value, depth + 1, full, entropy));
                }
                Tree::Map(self.kind(key), self.kind(value), entries.into_iter().collect())
            }
            Type::Named(id) => match &self.program.definitions[*id].kind {
                Kind::Struct(found) if found.kind == StructKind::Union => {
                    let members: Vec<_> = found.fields.iter().map(|field| (field.id, &field.ty)).collect();
                    let mut given = self.one_of(&members, depth + 1, full, entropy);
                    if given.is_empty() && !full && entropy.below(2) == 1 {
                        given.push((NOBODYS, unknown(entropy)));
                    }
                    Tree::Struct(given)
                }
                Kind::Struct(found) => {
                    let mut given = self.fields(&found.fields, depth + 1, full, entropy);
                    let kept = self.program.definitions[*id].wishes.unknown_fields == Some(true);
                    if kept && !full && entropy.below(2) == 1 {
                        given.push((NOBODYS, unknown(entropy)));
                    }
                    Tree::Struct(given)
                }
                _ => Tree::I32(i32::try_from(entropy.number(4)).unwrap()),
            },
        }
    }

    fn count(&self, depth: usize, entropy: &mut Entropy<'_>) -> usize {
        if depth > DEPTH { 0 } else { entropy.below(4) }
    }

    /// The type of a type's values on the wire.
    fn kind(&self, ty: &Type) -> u8 {
        match self.program.target(ty) {
            Type::Base(base) => scalar(*base, &mut Entropy::new(&[])).kind(),
            Type::List(_) => 15,
            Type::Set(_) => 14,
            Type::Map(..) => 13,
            Type::Named(id) if self.program.structure(*id).is_some() => 12,
            Type::Named(_) => 8,
        }
    }
}

/// What nobody knows, of some depth.
fn unknown(entropy: &mut Entropy<'_>) -> Tree {
    match entropy.below(4) {
        0 => Tree::Bool(true),
        1 => Tree::Bytes(entropy.text().into_bytes()),
        2 => Tree::Struct(vec![(1, Tree::List(8, vec![Tree::I32(-1)])), (3, Tree::Double(0))]),
        _ => Tree::Map(
            11,
            12,
            vec![(Tree::Bytes(b"k".to_vec()), Tree::Struct(vec![(9, Tree::Uuid([7; 16]))]))],
        ),
    }
}

fn scalar(base: Base, entropy: &mut Entropy<'_>) -> Tree {
    match base {
        Base::Bool => Tree::Bool(entropy.below(2) == 1),
        Base::I8 => Tree::I8(i8::try_from(entropy.number(1)).unwrap()),
        Base::I16 => Tree::I16(i16::try_from(entropy.number(2)).unwrap()),
        Base::I32 => Tree::I32(i32::try_from(entropy.number(4)).unwrap()),
        Base::I64 => Tree::I64(entropy.number(8)),
        Base::Double => Tree::Double(double(entropy).to_bits()),
        Base::String => Tree::Bytes(entropy.text().into_bytes()),
        Base::Binary => Tree::Bytes((0..entropy.below(40)).map(|_| entropy.byte()).collect()),
        Base::Uuid => Tree::Uuid(std::array::from_fn(|_| entropy.byte())),
    }
}

/// JSON has one NaN, so there is one here.
fn double(entropy: &mut Entropy<'_>) -> f64 {
    let any = |entropy: &mut Entropy<'_>| {
        f64::from_bits(u64::from_be_bytes(std::array::from_fn(|_| entropy.byte())))
    };
    match entropy.below(8) {
        0 => 0.0,
        1 => -0.0,
        2 => f64::NAN,
        3 => f64::INFINITY,
        4 => f64::MIN_POSITIVE / 4.0,
        5 => 0.1,
        _ => Some(any(entropy)).filter(|number| !number.is_nan()).unwrap_or(f64::MAX),
    }
}
