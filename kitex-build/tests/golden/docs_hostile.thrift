namespace rs docs_hostile
/** */ /** Ends */ struct Ends { /** ``` */ 1: i32 a /** An unclosed `code and **bold */ 2: i32 b }
/** #![feature(x)] <script> & &amp; [link](http://x) */ struct Markup { 1: i32 a // "quotes" \ and #hash
 2: i32 b /* trailing */ }
/// one
/// two
enum Lines { A, /// not this one
 B }
/**
 * | table | of |
 * |---|---|
 *
 *     indented
 * 1) list
 */
union Shapes { 1: i32 a }
