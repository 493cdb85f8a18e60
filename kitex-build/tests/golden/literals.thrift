namespace rs literals

const string QUOTES = 'say "hi"'
const string APOSTROPHE = "it's"
const string ESCAPES = "\n\r\t\\\"\'"
const string BACKSLASH = "x\\"
const string LETTERS = "\x41\u4e2d\u{1f600}"
const string BRACES = "{} }{ ${x} */ // #"
const string RIGHT_TO_LEFT = "a‮b"
const string TAB = "	tab"
const binary BYTES = "\x00\x7f\x80\xff 中"
const binary QUOTED = '"\\'
const uuid BRACED = "{00112233-4455-6677-8899-AABBCCDDEEFF}"

struct Texts {
    1: string quotes = 'say "hi"'
    2: binary bytes = "\xff\""
    3: list<string> all = [QUOTES, "\u{0}"]
    4: map<binary, string> named = {"\xfe": ESCAPES}
}
