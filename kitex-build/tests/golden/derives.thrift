namespace rs derives
struct Plain { 1: string text (rust.type = "String", rust.attribute = 'serde(rename = "renamed")'), 2: double ratio, 3: optional Color color } (rust.derive = "serde::Serialize, ::serde::Deserialize, Clone", rust.attribute = 'serde(rename_all = "camelCase")')
enum Color { RED, BLUE } (rust.derive = "serde::Serialize, serde::Deserialize, Default")
union Either { 1: i32 left (rust.attribute = 'doc = "Documented."'), 2: string right } (rust.attribute = "non_exhaustive")
