//! Strongly connected components, for everything in an IDL that must not run in circles.

/// The components of a graph given by each node's successors, successors before their users. A loop
/// instead of recursion: a chain of definitions may be longer than the stack is deep.
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        index: vec![usize::MAX; edges.len()],
        low: vec![0; edges.len()],
        on_stack: vec![false; edges.len()],
        stack: Vec::new(),
        next: 0,
        found: Vec::new(),
    };
    for node in 0..edges.len() {
        if search.index[node] == usize::MAX {
            search.from(node, edges);
        }
    }
    search.found
}

/// The components that are cycles: more than one node, or one that is its own successor.
pub(crate) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let is_cycle = |nodes: &Vec<usize>| nodes.len() > 1 || edges[nodes[0]].contains(&nodes[0]);
    components(edges).into_iter().filter(is_cycle).collect()
}

/// Tarjan's algorithm.
struct Search {
    index: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, root: usize, edges: &[Vec<usize>]) {
        let mut calls = vec![(root, 0)];
        self.enter(root);
        while let Some((node, edge)) = calls.last_mut() {
            let node = *node;
            let Some(&next) = edges[node].get(*edge) else {
                calls.pop();
                self.leave(node, calls.last().map(|call| call.0));
                continue;
            };
            *edge += 1;
            if self.index[next] == usize::MAX {
                self.enter(next);
                calls.push((next, 0));
            } else if self.on_stack[next] {
                self.low[node] = self.low[node].min(self.index[next]);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = self.next;
        self.low[node] = self.next;
        self.next += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    fn leave(&mut self, node: usize, caller: Option<usize>) {
        if let Some(caller) = caller {
            self.low[caller] = self.low[caller].min(self.low[node]);
        }
        if self.low[node] == self.index[node] {
            let start = self.stack.iter().rposition(|&member| member == node).unwrap_or(0);
            let mut component = self.stack.split_off(start);
            component.iter().for_each(|&member| self.on_stack[member] = false);
            component.sort_unstable();
            self.found.push(component);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_and_order_is_bottom_up() {
        let edges = [vec![1], vec![2], vec![0, 3], vec![], vec![4], vec![3]];
        assert_eq!(components(&edges), [vec![3], vec![0, 1, 2], vec![4], vec![5]]);
        assert_eq!(cycles(&edges), [vec![0, 1, 2], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<_> =
            (1..=200_000).map(|next| if next < 200_000 { vec![next] } else { vec![] }).collect();
        assert_eq!(components(&edges).len(), 200_000);
        assert!(cycles(&edges).is_empty());
    }
}
