pub enum Tree {
    Leaf(char),
    Fork(Box<Tree>, Box<Tree>),
}

impl Tree {
    pub fn bits(&self, letter: char) -> Option<u32> {
        match self {
            Tree::Leaf(own) => (*own == letter).then_some(0),
            Tree::Fork(zero, one) => Some(zero.bits(letter).or_else(|| one.bits(letter))? + 1),
        }
    }
}

pub fn huffman(counts: &[(char, u32)]) -> Option<Tree> {
    let mut trees: Vec<(u32, Tree)> = counts.iter().map(|&(c, n)| (n, Tree::Leaf(c))).collect();
    while trees.len() > 1 {
        trees.sort_by_key(|tree| tree.0);
        let (a, rare) = trees.remove(0);
        let (b, next) = trees.remove(0);
        let fork = Tree::Fork(Box::new(rare), next);
        trees.push((a + b, fork));
    }
    Some(trees.pop()?.1)
}
