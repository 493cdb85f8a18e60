struct Unused { 1: Nobody nobody }
