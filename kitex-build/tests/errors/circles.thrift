typedef list<Pair> Pairs
typedef map<string, Pairs> Pair

service Left extends Right {}
service Right extends Left {}
