namespace rs later

/** The first service as a later version has it: an argument has become text, and there is one method more. */
service Tour {
    string ask(1: binary how)
    void added()
}
