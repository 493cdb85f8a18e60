const double INFINITE = inf
const double NONE = nan
