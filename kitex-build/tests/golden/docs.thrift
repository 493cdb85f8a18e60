/**
 * The docs of the file, which say what
 * its module is about.
 */
namespace rs docs

/**
 * See [Other] and <T>, at http://example.com/a?b=[c].
 *
 *     let x = "an indented block is no doctest";
 *     panic!();
 *
 * ```rust
 * panic!("nor is a fenced one");
 * ```
 *
 * - a list
 *   with a second line
 * - and a third
 * 1. with `code[0]` and an odd ` mark
 * which goes on
 *
 * # A heading?
 * ---
 * | a | b |
 * > quoted
 * text
 */
struct Documented {
    1: i32 a // After it.
    2: i32 b, /* After this one too. */ 3: i32 c
    /** Before it. */
    4: i32 d /** Not of e. */
    /// One line,
    /// and another.
    5: i32 e
    // Not a doc comment.
    6: i32 f # Hashes count as well.
    7: i32 g // 中文注释 \u{202e}
    /**	A tab	and a backslash \n.
     */
    8: i32 h
}

/** Never closed:
 * ```
 * here
 */
typedef i32 Fence

const i32 ONE = 1 // The first.

/** Colors. */ enum Color {
    /** Like blood. */ RED, // not this
    GREEN // Like grass.
}

/** A union. */
union Either { /** Left. */ 1: i32 left, 2: i32 right /* Right. */ }

/** A service. */
service Docs {
    /** A method. */
    void Call(
        /** An argument. */ 1: i32 a
    ) throws (
        /** When it fails. */ 1: Failed failed
    )
    void Other() // Another.
}

/** Failed! */
exception Failed {}
