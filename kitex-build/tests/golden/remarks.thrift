// only
# nothing
/* not /* nested */
/** of anything */
