namespace rs keywords
strct Misspelled {}
structGlued {}
senum Old {}
@Deprecated
struct Annotated {}
struct Ended {};
package "com.example"
struct Late {}
namespace go late
