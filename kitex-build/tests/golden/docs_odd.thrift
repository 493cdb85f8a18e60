namespace rs docs_odd
/** ends with a star */
/** contains * / and ``` an open fence
 * ~~~
 * also open
 * [link] [link](x) [`code`] <T> <script> a::b `unbalanced
 * http://bare.url/ and \ and " and #[attr] //! x
 * {@link Foo} &nbsp; | a | b |
 *
 *     indented();
 * <!-- open comment
 * 1. list
 *      deep
 */
struct A { /** ``` */ 1: i32 a, /** [Self::nothing] */ 2: i32 b // trailing ``` [x]
 /** <div> */ 3: i32 c /* ` */
 /** [^foot]: [x]: http://y */ 4: i32 d
 /** ![img](x) [a]: b */ 5: i32 e
 /** - [ ] task
 > quote
 === 
 # head */ 6: i32 f
 /** $math$ \[ \] **bold _it </div> </T> Vec<Vec<T>> */ 7: i32 g
 /** @param x <b> 
   ```rust
   fail!
   ```` 
   text
 */ 8: i32 h
 /** 	tab
 	tab2 */ 9: i32 i
}
/// unclosed <T and `x
/// ```
service S { /** [call] `` ` `` */ void m(/** [arg] <X> */ 1: i32 a) throws (/** <Y> */ 1: E e) }
/** ~~~~ */ exception E {}
/** <T> */ enum N { /** <U> ``` */ A, /** [B] */ B }
/** [x] */ const i32 C = 1
/** <Z> */ typedef i32 D
/** [u] */ union U { /** <V> */ 1: i32 a }
