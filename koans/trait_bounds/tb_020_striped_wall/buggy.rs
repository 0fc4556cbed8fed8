pub fn paint_every_other<T>(planks: &mut [T], color: &T) -> usize {
    let mut painted = 0;
    for plank in planks.iter_mut().step_by(2) {
        *plank = *color;
        painted += 1;
    }
    painted
}

pub fn is_uniform<T: PartialEq>(planks: &[T]) -> bool {
    planks.windows(2).all(|pair| pair[0] == pair[1])
}
