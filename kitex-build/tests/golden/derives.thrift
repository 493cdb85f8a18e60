namespace rs derives
struct Plain { 1: string text (rust.type = "String", rust.attribute = 'serde(rename = "renamed")'), 2: double ratio, 3: optional Color color } (rust.derive = "serde::Serialize, ::serde::Deserialize, Clone", rust.attribute = 'serde(rename_all = "camelCase")')
enum Color { RED, BLUE } (rust.derive = "serde::Serialize, serde::Deserialize, Default")
union Either { 1: i32 left (rust.attribute = 'doc = "Documented."'), 2: string right } (rust.attribute = "non_exhaustive")
struct Whole {
    1: string text, 2: binary bytes, 3: uuid id, 4: map<string, double> named, 5: map<double, string> keyed
    6: optional Choice choice, 7: list<Failed> failed, 8: set<Color> colors, 9: optional Whole next, 10: Plain plain (rust.type = "Arc")
} (rust.derive = "serde::Serialize, serde::Deserialize", rust.unknown_fields = "true", rust.attribute = 'serde(default)')
union Choice { 1: string name, 2: list<Color> colors } (rust.derive = "serde::Serialize, serde::Deserialize")
exception Failed { 1: binary why } (rust.derive = "serde::Serialize, serde::Deserialize")
