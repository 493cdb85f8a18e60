namespace rs names.type

const i32 fooBar = 1
const i32 FOO_BAR = 2
const i32 X = 3

typedef i32 Vec
typedef Option Some

struct Option { 1: string type, 2: string self, 3: string Self, 4: i32 async, 5: i32 fooBar, 6: i32 foo_bar, 7: i32 _1, 8: i32 value, 9: i32 from, 10: i32 out, 11: i32 field, 12: i32 read }
struct String { 1: required i32 Type, 2: optional String box, 3: required list<Option> gen }
struct Result { 1: list<String> list, 2: map<string, Default> map, 3: Err err }
struct Default {}
struct FOO_BAR { 1: i32 a }
struct FooBar { 1: i32 a, 2: i32 A }
struct HTTP { 1: i32 x }
struct lower_case { 1: HTTP http }
struct X {}
struct _1 { 1: i32 __a__b_, 2: I32 _ }
struct I32 {}
struct H { 1: i32 h }
struct R { 1: list<W> w, 2: list<Err> e }
struct W { 1: optional R r }
struct Box {}
struct Type { 1: list<Type> types }

enum Err { Ok = 1, Self = 2, type = 3, lower = 4, name = 5 }

exception Send { 1: string unwrap }
exception Error { 1: Send source }

union Sync { 1: i32 unknown, 2: Error Unknown, 3: W Self, 4: lower_case self }

exception ExceptionWithARatherLongName { 1: string message }

enum EnumWithARatherLongName { A_VERY_LONG_VALUE_NAME_THAT_GOES_ON_AND_ON = 1, B = 2 }

struct StructWithARatherLongName {
    1: required string a_required_field_with_a_rather_long_name
    2: optional EnumWithARatherLongName an_optional_field_with_a_rather_long_name
    3: map<string, map<string, EnumWithARatherLongName>> a_map_of_maps
    4: list<EnumWithARatherLongName> enums
    5: optional StructWithARatherLongName a_recursive_field_with_a_long_name
    6: map<EnumWithARatherLongName, string> a_map_by_long_enum_names_of_strings = {1: "one"}
    7: EnumWithARatherLongName with_default = 2
}
