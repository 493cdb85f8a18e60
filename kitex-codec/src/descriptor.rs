//! What an IDL says beside the wire: names, ids and annotations, to be asked for at run time.

/// Keys and values in the order of the IDL. A key may be there more than once.
pub type Annotations = &'static [(&'static str, &'static str)];

/// A type or a service as its IDL declares it, with the annotations of all that stands in it. Generated, and static.
///
/// ```
/// use kitex_codec::Descriptor;
///
/// static USER: Descriptor = Descriptor::new(
///     "User",
///     &[("api.path", "/users")],
///     &[("id", 1, &[("go.tag", "json:\"id\"")]), ("names", 2, &[]), ("names.<element>", 0, &[("max", "64")])],
/// );
/// assert_eq!(USER.annotation("api.path"), Some("/users"));
/// let id = USER.member("id").expect("it has one");
/// assert_eq!((id.id, id.annotation("go.tag")), (1, Some("json:\"id\"")));
/// assert_eq!(USER.member("names.<element>").and_then(|element| element.annotation("max")), Some("64"));
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Descriptor {
    name: &'static str,
    annotations: Annotations,
    members: &'static [(&'static str, i32, Annotations)],
}

impl Descriptor {
    /// One of a name, its own annotations, and its members with their ids and annotations.
    pub const fn new(
        name: &'static str,
        annotations: Annotations,
        members: &'static [(&'static str, i32, Annotations)],
    ) -> Self {
        Self { name, annotations, members }
    }

    /// The IDL's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All annotations of the type or service itself.
    pub fn annotations(&self) -> Annotations {
        self.annotations
    }

    /// The first of its own annotations of a key.
    pub fn annotation(&self, key: &str) -> Option<&'static str> {
        first(self.annotations, key)
    }

    /// What stands in it, in order: fields, values of an enum, or methods, each followed by what stands in it and is
    /// annotated.
    pub fn members(&self) -> impl Iterator<Item = Member> {
        self.members.iter().map(|&(path, id, annotations)| Member { path, id, annotations })
    }

    /// The member of a path: `id` for a field, `names.<element>`, `table.<key>` and `table.<value>` inside of its type,
    /// `Get` for a method, `Get.id` for its argument, `Get.<throws>.gone` for an exception and `Get.<result>`.
    pub fn member(&self, path: &str) -> Option<Member> {
        self.members().find(|member| member.path == path)
    }
}

/// What stands in a type or a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The way to it, of the IDL's names.
    pub path: &'static str,
    /// A field's id, an enum value's number, a method's place, and 0 for parts of types.
    pub id: i32,
    /// All of its annotations and of its type's, in order.
    pub annotations: Annotations,
}

impl Member {
    /// The first annotation of a key.
    pub fn annotation(&self, key: &str) -> Option<&'static str> {
        first(self.annotations, key)
    }
}

fn first(annotations: Annotations, key: &str) -> Option<&'static str> {
    annotations.iter().find(|(found, _)| *found == key).map(|(_, value)| *value)
}

/// A type that its IDL describes: every generated struct, union, exception and enum.
///
/// ```
/// use kitex_codec::Described;
///
/// /// The fields of a type that are annotated as secret.
/// fn secrets<T: Described>() -> Vec<&'static str> {
///     let secret = T::DESCRIPTOR.members().filter(|member| member.annotation("secret").is_some());
///     secret.map(|member| member.path).collect()
/// }
/// ```
pub trait Described {
    /// What the IDL says of the type.
    const DESCRIPTOR: &'static Descriptor;
}
