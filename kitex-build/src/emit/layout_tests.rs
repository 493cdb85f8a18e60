//! Forms of one line and of several, each as rustfmt was seen to lay it out.

use super::*;

#[test]
fn what_holds_nothing_is_whole_on_any_line() {
    let call = Node::Call("from.read_i32_list".to_owned(), Vec::new(), "?");
    assert_eq!(call.render(200, 200, 0), "from.read_i32_list()?");
    assert_eq!(Node::Array(Vec::new()).broken(100, 100, WIDTH), "[]");
}

/// `Vec::from([Str::from_static("xxx")])`
fn texts() -> Node {
    let text = Node::call("::kitex::codegen::Str::from_static", vec!["\"xxx\"".into()]);
    Node::call("::std::vec::Vec::from", vec![Node::Array(vec![text])])
}

#[test]
fn what_opens_on_a_line_leaves_room_for_what_closes_behind_it() {
    let hugged = "::std::vec::Vec::from([::kitex::codegen::Str::from_static(\n    \"xxx\",\n)])";
    let apart = "::std::vec::Vec::from([\n    ::kitex::codegen::Str::from_static(\"xxx\"),\n])";
    // The head has 58 columns, behind it stand two brackets and one character more.
    assert_eq!((texts().render(0, 39, 1).as_str(), texts().render(0, 40, 1).as_str()), (hugged, apart));
    assert_eq!(texts().render(0, 0, 0).lines().count(), 1);
}

#[test]
fn what_opens_further_on_the_next_line_is_moved_there() {
    let left = format!("let {} =", "a".repeat(34));
    let array = Node::Array(vec![Node::Struct(
        "Descriptor".into(),
        vec![("service".into(), "\"a name that is long\"".into())],
        None,
    )]);
    let member = "        service: \"a name that is long\",\n";
    let here = format!("{left} [Descriptor {{\n{}}}];", member.replace("        ", "    "));
    assert_eq!(assign(0, &left, &array, ";"), here);
    let left = format!("let {} =", "a".repeat(84));
    let next = format!("{left}\n    [Descriptor {{\n{member}    }}];");
    assert_eq!(assign(0, &left, &array, ";"), next);
}

#[test]
fn what_is_measured_is_what_is_written() {
    let literal = Node::Struct("A".into(), vec![("b".into(), "b".into())], Some("c()".into()));
    let nodes = [
        texts(),
        literal.clone(),
        Node::Tuple(vec!["1".into(), "2".into()]),
        Node::generic("Map", vec!["u8".into(), "u16".into()]),
        Node::Variant("A".into(), Box::new("u8".into())),
        Node::Prefixed("&", Box::new("u8".into())),
        Node::Lazy(Box::new(literal)),
        Node::Closure("a, b", Box::new("c".into())),
        Node::Struct("A".into(), Vec::new(), None),
    ];
    for node in nodes {
        let found = node.flat();
        assert_eq!(node.single(WIDTH), Some(width(&found)), "{found}");
        assert_eq!(node.single(width(&found) - 1), None, "{found}");
    }
}
