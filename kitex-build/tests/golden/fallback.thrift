namespace * anywhere
namespace java somewhere.else
struct Found {}
