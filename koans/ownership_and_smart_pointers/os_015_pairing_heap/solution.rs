struct Node {
    key: u32,
    below: Vec<Node>,
}

fn meld(mut one: Node, mut other: Node) -> Node {
    if other.key < one.key {
        other.below.push(one);
        return other;
    }
    one.below.push(other);
    one
}

#[derive(Default)]
pub struct Heap {
    top: Option<Node>,
}

impl Heap {
    pub fn push(&mut self, key: u32) {
        let node = Node { key, below: Vec::new() };
        self.top = match self.top.take() {
            Some(top) => Some(meld(top, node)),
            None => Some(node),
        };
    }

    pub fn pop(&mut self) -> Option<u32> {
        let top = self.top.take()?;
        self.top = top.below.into_iter().reduce(meld);
        Some(top.key)
    }
}
