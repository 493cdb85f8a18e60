//! Statements that write and read values.

use super::Emitter;
use super::code::Code;
use super::layout::Node;
use crate::thrift::model::{Base, Choice, Field, Requiredness, Type};

/// What holds the value that is written: a place such as `self.name`, or a variable with a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) text: &'a str,
    pub(crate) reference: bool,
    pub(crate) boxed: bool,
    /// Doubles are in their ordered wrapper.
    pub(crate) key: bool,
    pub(crate) choice: Choice,
}

/// An element of a container.
const ITEM: Place<'_> =
    Place { text: "item", reference: true, boxed: false, key: false, choice: Choice::Usual };

impl Place<'_> {
    fn borrowed(&self) -> String {
        match (self.reference, self.boxed) {
            (true, false) => self.text.to_owned(),
            (false, false) => format!("&{}", self.text),
            (true, true) => format!("&**{}", self.text),
            (false, true) => format!("&*{}", self.text),
        }
    }

    fn copied(&self) -> String {
        match (self.reference, self.boxed) {
            (false, false) => self.text.to_owned(),
            (true, true) => format!("**{}", self.text),
            _ => format!("*{}", self.text),
        }
    }

    /// What a newtype in this place holds.
    fn inside<'t>(&self, text: &'t str, key: bool) -> Place<'t> {
        Place { text, reference: false, boxed: false, key, choice: self.choice }
    }

    /// For `for … in`, which takes a reference.
    fn iterated(&self) -> String {
        self.borrowed()
    }
}

impl Emitter<'_> {
    /// Writes a field with its header, be it a union without a member.
    pub(crate) fn write_required(&self, code: &mut Code, id: i16, ty: &Type, place: Place<'_>) {
        match self.is_union(ty) {
            true => self.write_apart(code, id, ty, place),
            false => self.write_field(code, id, ty, place),
        }
    }

    /// Writes a field with its header.
    pub(crate) fn write_field(&self, code: &mut Code, id: i16, ty: &Type, place: Place<'_>) {
        if let Some((newtype, inner)) = self.transparent(ty) {
            let text = format!("{}.0", place.text);
            return self.write_field(code, id, inner, place.inside(&text, self.traits[newtype].key));
        }
        match self.field_call(id, ty, place) {
            Some(call) => code.expression(&call, ";"),
            None => self.write_apart(code, id, ty, place),
        }
    }

    /// Writes a field's header and then its value.
    fn write_apart(&self, code: &mut Code, id: i16, ty: &Type, place: Place<'_>) {
        code.line(format!("out.write_field({}, {id});", self.wire(ty)));
        self.write_value(code, ty, place);
    }

    /// Writes a field in the arm of a match.
    pub(crate) fn write_arm(&self, code: &mut Code, pattern: &str, id: i16, ty: &Type, place: Place<'_>) {
        if let Some((newtype, inner)) = self.transparent(ty) {
            let text = format!("{}.0", place.text);
            return self.write_arm(code, pattern, id, inner, place.inside(&text, self.traits[newtype].key));
        }
        let call = self.field_call(id, ty, place);
        if !call.is_some_and(|call| code.short_arm(pattern, "", &call)) {
            code.block(format!("{pattern} =>"), |code| self.write_field(code, id, ty, place));
        }
    }

    /// The call that writes header and value at once, which there is for base types, enums and unions.
    fn field_call(&self, id: i16, ty: &Type, place: Place<'_>) -> Option<Node> {
        let (method, value, fails) = match self.program.target(ty) {
            Type::Base(base) => base_call(*base, place),
            Type::Named(owner) if self.is_enum(*owner) => ("i32", format!("{}.0", place.text), false),
            Type::Named(_) if self.is_union(ty) => ("union", place.borrowed(), true),
            _ => return None,
        };
        let arguments = vec![id.to_string().into(), value.into()];
        Some(Node::Call(format!("out.write_{method}_field"), arguments, if fails { "?" } else { "" }))
    }

    /// Writes a value without a header.
    fn write_value(&self, code: &mut Code, ty: &Type, place: Place<'_>) {
        if let Some((newtype, inner)) = self.transparent(ty) {
            let text = format!("{}.0", place.text);
            return self.write_value(code, inner, place.inside(&text, self.traits[newtype].key));
        }
        match self.program.target(ty) {
            Type::Base(base) => {
                let (method, value, fails) = base_call(*base, place);
                code.line(format!("out.write_{method}({value}){};", if fails { "?" } else { "" }));
            }
            Type::Named(id) if self.is_enum(*id) => code.line(format!("out.write_i32({}.0);", place.text)),
            Type::Named(_) => {
                let arguments = vec![place.borrowed().into(), "out".into()];
                code.expression(&Node::Call("Message::encode".into(), arguments, "?"), ";");
            }
            Type::List(element) => match self.of_one_call(element, place.key) {
                Some(name) => {
                    // A pointer becomes a reference by itself.
                    let values = Place { boxed: false, ..place }.borrowed();
                    let call = Node::Call(format!("out.write_{name}_list"), vec![values.into()], "?");
                    code.expression(&call, ";");
                }
                None => self.write_elements(code, "list", element, place, place.key),
            },
            Type::Set(element) => self.write_elements(code, "set", element, place, true),
            Type::Map(key, value) => self.write_map(code, key, value, place),
        }
    }

    fn write_elements(&self, code: &mut Code, kind: &str, element: &Type, place: Place<'_>, key: bool) {
        let arguments = vec![self.wire(element).into(), format!("{}.len()", place.text).into()];
        code.expression(&Node::Call(format!("out.begin_{kind}"), arguments, "?"), ";");
        code.block(format!("for item in {}", place.iterated()), |code| {
            self.write_value(code, element, Place { key, ..ITEM });
        });
        code.line(format!("out.end_{kind}();"));
    }

    fn write_map(&self, code: &mut Code, key: &Type, value: &Type, place: Place<'_>) {
        let length = format!("{}.len()", place.text);
        let arguments = vec![self.wire(key).into(), self.wire(value).into(), length.into()];
        code.expression(&Node::Call("out.begin_map".into(), arguments, "?"), ";");
        code.block(format!("for (key, item) in {}", place.iterated()), |code| {
            self.write_value(code, key, Place { text: "key", key: true, ..ITEM });
            self.write_value(code, value, Place { key: place.key, ..ITEM });
        });
        code.line("out.end_map();");
    }

    /// The expression that reads a value which is there if it came: no container, whose elements may be of another type, and
    /// no union, which may have no member.
    pub(crate) fn read_plain(&self, ty: &Type, key: bool, from: &[String]) -> Option<Node> {
        if let Some((newtype, inner)) = self.transparent(ty) {
            let read = self.read_plain(inner, self.traits[newtype].key, from)?;
            return Some(Node::call(self.plan.definition(from, newtype), vec![read]));
        }
        Some(match self.program.target(ty) {
            Type::Base(Base::Double) if key => "::kitex::codegen::Double(from.read_double()?)".into(),
            Type::Base(base) => format!("from.read_{}()?", suffix(*base)).into(),
            Type::Named(id) if self.is_enum(*id) => {
                Node::call(self.plan.definition(from, *id), vec!["from.read_i32()?".into()])
            }
            Type::Named(_) if self.is_union(ty) => return None,
            Type::Named(_) => "Message::decode(from)?".into(),
            Type::List(_) | Type::Set(_) | Type::Map(..) => return None,
        })
    }

    /// The same for a field, in the type that its annotation chooses. A required union is there without a member too.
    pub(crate) fn read_field(&self, field: &Field, key: bool, from: &[String]) -> Option<Node> {
        if field.requiredness == Requiredness::Required && self.is_union(&field.ty) {
            return Some("Message::decode(from)?".into());
        }
        let read = self.read_plain(self.field_kind(field), key, from)?;
        Some(match field.wishes.choice {
            Choice::Text => Node::call("::std::string::String::from", vec![read]),
            Choice::Bytes => Node::call("::std::vec::Vec::from", vec![read]),
            _ => read,
        })
    }

    /// Whether the field holds a struct that is read where it stays.
    pub(crate) fn is_read_in_place(&self, field: &Field) -> bool {
        let is_struct = self.program.struct_of(&field.ty).is_some();
        let is_certain = field.requiredness == Requiredness::Required || !self.is_union(&field.ty);
        is_struct && is_certain && !field.boxed && field.wishes.choice == Choice::Usual
    }

    /// The expression that reads a container or a union: an `Option`, `None` when its elements are of another type or it has
    /// no member. Statements that it needs come before it.
    pub(crate) fn read_option(
        &self,
        code: &mut Code,
        ty: &Type,
        (key, sorted): (bool, bool),
        from: &[String],
    ) -> Node {
        let (ty, key) = self.opened(ty, key);
        let sorted = key || sorted;
        match ty {
            Type::Map(entry, value) => {
                let read_key = self.reader(code, "read_key", entry, true, from);
                let read_value = self.reader(code, "read_value", value, key, from);
                let types = [self.wire(entry), self.wire(value)].map(Node::from);
                let arguments = [&["from".into()], &types[..], &[read_key, read_value]].concat();
                let read = if sorted { "R::read_sorted_map" } else { "R::read_map" };
                Node::Call(read.into(), arguments, "?")
            }
            Type::Set(element) => {
                self.read_elements(code, if sorted { "sorted_set" } else { "set" }, element, true, from)
            }
            Type::List(element) => match self.of_one_call(element, key) {
                Some(name) => Node::Call(format!("from.read_{name}_list"), Vec::new(), "?"),
                None if self.program.struct_of(element).is_some() => {
                    Node::Call("from.read_struct_list".into(), Vec::new(), "?")
                }
                None => self.read_elements(code, "list", element, key, from),
            },
            _ => "from.read_union()?".into(),
        }
    }

    /// The name of an element whose lists are written and read by one call: numbers, and texts.
    fn of_one_call(&self, element: &Type, key: bool) -> Option<&'static str> {
        if self.newtype(element).is_some() {
            return None;
        }
        match self.program.target(element) {
            Type::Base(Base::Double) if key => None,
            Type::Base(Base::Binary | Base::Uuid) => None,
            Type::Base(base) => Some(suffix(*base)),
            _ => None,
        }
    }

    fn read_elements(&self, code: &mut Code, kind: &str, element: &Type, key: bool, from: &[String]) -> Node {
        let reader = self.reader(code, "read_item", element, key, from);
        Node::Call(format!("R::read_{kind}"), vec!["from".into(), self.wire(element).into(), reader], "?")
    }

    /// A function that reads an element, given a name by a statement where it has none.
    fn reader(&self, code: &mut Code, name: &str, ty: &Type, key: bool, from: &[String]) -> Node {
        let head = format!("let {name} =");
        if self.transparent(ty).is_some()
            && let Some(read) = self.read_plain(ty, key, from)
        {
            code.assign(&head, &closure(Node::call("Ok", vec![read])), ";");
            return name.into();
        }
        match self.program.target(ty) {
            Type::Base(base) if !key || *base != Base::Double => {
                return format!("R::read_{}", suffix(*base)).into();
            }
            Type::Base(_) => {
                let read = Node::call("::kitex::codegen::Double", vec!["from.read_double()?".into()]);
                code.assign(&head, &closure(Node::call("Ok", vec![read])), ";");
            }
            Type::Named(id) if self.is_enum(*id) => {
                let read = Node::call(self.plan.definition(from, *id), vec!["from.read_i32()?".into()]);
                code.assign(&head, &closure(Node::call("Ok", vec![read])), ";");
            }
            Type::Named(_) => return "Message::decode".into(),
            _ => {
                code.line(format!("{head} |from: &mut R| {{"));
                code.body(|code| self.read_nested(code, ty, key, from), "};");
            }
        }
        name.into()
    }

    /// The value of a closure that reads a container inside a container.
    fn read_nested(&self, code: &mut Code, ty: &Type, key: bool, from: &[String]) {
        let read = self.read_option(code, ty, (key, false), from);
        code.assign("let read =", &read, ";");
        let what = super::value::literal(&self.spelled(self.program.target(ty)));
        code.assign("let what =", &what.into(), ";");
        self.close_option(code, ty, from);
        code.line("read.ok_or_else(|| mismatch(what))");
    }

    /// Puts what has been read, if it is there, into the newtypes of its type.
    pub(crate) fn close_option(&self, code: &mut Code, ty: &Type, from: &[String]) {
        if let Some((newtype, inner)) = self.newtype(ty) {
            self.close_option(code, inner, from);
            code.line(format!("let read = read.map({});", self.plan.definition(from, newtype)));
        }
    }

    /// Whether containers of the type hold containers.
    pub(crate) fn is_nested(&self, ty: &Type) -> bool {
        match self.program.target(ty) {
            Type::List(element) | Type::Set(element) => self.is_container(element),
            Type::Map(key, value) => self.is_container(key) || self.is_container(value),
            _ => false,
        }
    }
}

fn closure(value: Node) -> Node {
    Node::Closure("from: &mut R", Box::new(value))
}

/// The method's name, the argument, and whether it can fail.
fn base_call(base: Base, place: Place<'_>) -> (&'static str, String, bool) {
    match base {
        Base::String if place.choice == Choice::Text => ("text", place.borrowed(), true),
        Base::Binary if place.choice == Choice::Bytes => ("slice", place.borrowed(), true),
        // A pointer becomes a reference by itself where the type is known.
        Base::String | Base::Binary => (suffix(base), Place { boxed: false, ..place }.borrowed(), true),
        Base::Uuid => (suffix(base), Place { boxed: false, ..place }.borrowed(), false),
        Base::Double if place.key => (suffix(base), format!("{}.0", place.text), false),
        _ => (suffix(base), place.copied(), false),
    }
}

fn suffix(base: Base) -> &'static str {
    match base {
        Base::String => "str",
        Base::Binary => "bytes",
        base => base.keyword(),
    }
}
