//! Strongly connected components of a graph of typed indices.
//!
//! **Invariant:** no recursion, so that no graph is too deep for the stack.

use super::{Idx, IndexVec};

/// Tarjan's algorithm with its stack on the heap: a component comes after all that it leads to, its nodes in order.
pub fn components<I: Idx>(edges: &IndexVec<I, Vec<I>>) -> Vec<Vec<I>> {
    const NEW: usize = usize::MAX;
    let n = edges.len();
    let (mut index, mut low, mut on_stack) = (vec![NEW; n], vec![0; n], vec![false; n]);
    let (mut stack, mut out, mut next) = (Vec::new(), Vec::new(), 0);
    for root in edges.indices() {
        if index[root.index()] != NEW {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((at, edge)) = work.pop() {
            let i = at.index();
            if edge == 0 {
                index[i] = next;
                low[i] = next;
                next += 1;
                stack.push(at);
                on_stack[i] = true;
            } else {
                // Back from the edge before.
                let before = edges[at][edge - 1].index();
                low[i] = low[i].min(low[before]);
            }
            let mut descend = None;
            let mut k = edge;
            while let Some(&to) = edges[at].get(k) {
                k += 1;
                let j = to.index();
                if index[j] == NEW {
                    descend = Some(to);
                    break;
                }
                if on_stack[j] {
                    low[i] = low[i].min(index[j]);
                }
            }
            if let Some(to) = descend {
                work.push((at, k));
                work.push((to, 0));
                continue;
            }
            if low[i] == index[i] {
                let mut component = Vec::new();
                while let Some(top) = stack.pop() {
                    on_stack[top.index()] = false;
                    component.push(top);
                    if top == at {
                        break;
                    }
                }
                component.sort();
                out.push(component);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    crate::index_type!(Node, "n");

    #[test]
    fn callees_come_first_and_cycles_stay_together() {
        let b = Node::new;
        let edges: IndexVec<Node, Vec<Node>> =
            [vec![b(1), b(4)], vec![b(2)], vec![b(1), b(3)], vec![], vec![b(4)]].into_iter().collect();
        assert_eq!(components(&edges), vec![vec![b(3)], vec![b(1), b(2)], vec![b(4)], vec![b(0)]]);
    }
}
