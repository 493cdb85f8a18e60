include "more/shared.thrift"

enum Shade { LIGHT, DARK }
enum Hue { WARM, COLD }

const string NAME = "name"
const i32 NUMBER = NAME
const Shade OTHER = Hue.WARM
const i32 MISSPELLED = NMAE
const Shade UNKNOWN = Shad.LIGHT
const string ENUM = Shade.DARK
const list<i64> LONGS = INTS
const list<i32> INTS = [1]
