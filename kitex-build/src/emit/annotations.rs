//! The annotations of an IDL, to be asked for at run time.

use super::layout::Node;
use super::value::literal;
use super::{Code, Emitter, docs};
use crate::thrift::model::Annotated;

impl Emitter<'_> {
    /// One table a module, if anything in it has annotations.
    pub(crate) fn annotations(&self, code: &mut Code, module: usize) {
        let module = &self.plan.modules[module];
        let files = module.files.iter().filter(|_| module.elsewhere.is_none());
        let own = files.filter_map(|&file| self.program.files[file].annotations.as_ref());
        let inside = module.definitions.iter().flat_map(|&id| &self.program.definitions[id].annotations);
        let rows: Vec<Node> = own.chain(inside).map(row).collect();
        if rows.is_empty() {
            return;
        }
        code.gap();
        let text = "The annotations of the IDL: where each stands, such as `User.id`, its keys and values.";
        docs::write(code, None, text);
        let name = &module.annotations;
        let head = format!("pub static {name}: [(&str, &[(&str, &str)]); {}] =", rows.len());
        code.assign(&head, &Node::Array(rows), ";");
    }
}

fn row(annotated: &Annotated) -> Node {
    let pair =
        |(key, value): &(String, String)| Node::Tuple(vec![literal(key).into(), literal(value).into()]);
    let pairs = Node::Array(annotated.pairs.iter().map(pair).collect());
    Node::Tuple(vec![literal(&annotated.path).into(), Node::Prefixed("&", Box::new(pairs))])
}
