use std::fmt::Debug;

pub trait Stacks {
    fn stacks_on(&self, below: &Self) -> bool;
}

impl Stacks for u32 {
    fn stacks_on(&self, below: &u32) -> bool {
        self <= below
    }
}

pub fn stack_up<B: Debug + Clone>(boxes: &[B]) -> Result<Vec<B>, String> {
    let mut pile: Vec<B> = Vec::new();
    for next in boxes {
        match pile.last() {
            Some(top) if !next.stacks_on(top) => return Err(format!("{next:?} does not stand on {top:?}")),
            _ => pile.push(next.clone()),
        }
    }
    Ok(pile)
}
