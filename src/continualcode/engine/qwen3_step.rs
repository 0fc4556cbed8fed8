//! One decoding step of a dense Qwen3 for a single sequence: the arithmetic of `qwen3.py`, without a call into torch for
//! each of its two hundred small tensors. Weights are read as bfloat16 where that loses nothing; all sums are float32.
//! Compiled and called by `qwen3_kernel.py`, which owns every buffer named here.

use std::slice::{from_raw_parts, from_raw_parts_mut};

const LANES: usize = 16;
const TILE: usize = 64;

/// A linear layer [rows, cols], its weights in tiles of 64 rows (the last one padded), each tile column after column,
/// so that a tile's sums stay in registers. A LoRA on it where rank > 0: a [rank, cols], b [rank, rows], scaled already.
#[repr(C)]
pub struct Matrix {
    weight: *const u8,
    rows: u64,
    cols: u64,
    a: *const f32,
    b: *const f32,
    rank: u64,
}

#[repr(C)]
pub struct Layer {
    norm_in: *const f32,
    norm_mid: *const f32,
    q_norm: *const f32,
    k_norm: *const f32,
    q: Matrix,
    k: Matrix,
    v: Matrix,
    o: Matrix,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// `narrow`: matrices are bfloat16. `size`: of a head.
#[repr(C)]
pub struct Model {
    layers: *const Layer,
    count: u64,
    width: u64,
    heads: u64,
    groups: u64,
    size: u64,
    narrow: u64,
    eps: f64,
    embedding: *const f32,
    last_norm: *const f32,
    head: Matrix,
}

trait Weight: Copy {
    fn wide(self) -> f32;
}

impl Weight for f32 {
    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
}

impl Weight for u16 {
    #[inline(always)]
    fn wide(self) -> f32 {
        f32::from_bits((self as u32) << 16)
    }
}

#[inline(always)]
fn add_product(sum: f32, a: f32, b: f32) -> f32 {
    if cfg!(target_feature = "fma") {
        a.mul_add(b, sum)
    } else {
        sum + a * b
    }
}

#[inline(always)]
fn dot(a: &[f32], x: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    let whole = x.len() / LANES * LANES;
    for (w, v) in a[..whole].chunks_exact(LANES).zip(x[..whole].chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] = add_product(sums[i], w[i], v[i]);
        }
    }
    let mut sum = 0f32;
    for (w, v) in a[whole..].iter().zip(&x[whole..]) {
        sum = add_product(sum, *w, *v);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sum + sums[0]
}

unsafe fn product<W: Weight>(matrix: &Matrix, x: &[f32], out: &mut [f32]) {
    let (rows, cols, rank) = (matrix.rows as usize, matrix.cols as usize, matrix.rank as usize);
    let weight = from_raw_parts(matrix.weight as *const W, (rows + TILE - 1) / TILE * TILE * cols);
    for (y, tile) in out[..rows].chunks_mut(TILE).zip(weight.chunks_exact(TILE * cols)) {
        let mut sums = [0f32; TILE];
        for (column, v) in tile.chunks_exact(TILE).zip(x) {
            for i in 0..TILE {
                sums[i] = add_product(sums[i], column[i].wide(), *v);
            }
        }
        y.copy_from_slice(&sums[..y.len()]);
    }
    for r in 0..rank {
        let share = dot(from_raw_parts(matrix.a.add(r * cols), cols), x);
        for (y, b) in out[..rows].iter_mut().zip(from_raw_parts(matrix.b.add(r * rows), rows)) {
            *y = add_product(*y, share, *b);
        }
    }
}

unsafe fn normed(x: &[f32], weight: *const f32, eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt();
    for ((y, v), w) in out.iter_mut().zip(x).zip(from_raw_parts(weight, x.len())) {
        *y = v * scale * w;
    }
}

/// A head [size], normed and turned by its position.
unsafe fn placed(head: &mut [f32], weight: *const f32, eps: f32, cos: &[f32], sin: &[f32], spare: &mut [f32]) {
    normed(head, weight, eps, spare);
    let half = head.len() / 2;
    for i in 0..half {
        head[i] = spare[i] * cos[i] - spare[i + half] * sin[i];
        head[i + half] = spare[i + half] * cos[i + half] + spare[i] * sin[i + half];
    }
}

/// What one head finds at `seen` places: keys and values [seen, size].
fn attend(q: &[f32], keys: &[f32], values: &[f32], scores: &mut [f32], out: &mut [f32]) {
    let size = q.len();
    let scale = 1.0 / (size as f32).sqrt();
    let mut top = f32::NEG_INFINITY;
    for (s, key) in scores.iter_mut().zip(keys.chunks_exact(size)) {
        *s = dot(key, q) * scale;
        top = top.max(*s);
    }
    let mut total = 0f32;
    for s in scores.iter_mut() {
        *s = (*s - top).exp();
        total += *s;
    }
    for y in out.iter_mut() {
        *y = 0.0;
    }
    for (s, value) in scores.iter().zip(values.chunks_exact(size)) {
        let share = s / total;
        for (y, v) in out.iter_mut().zip(value) {
            *y = add_product(*y, share, *v);
        }
    }
}

unsafe fn run<W: Weight>(m: &Model, token: usize, turns: [&[f32]; 2], kept: [*mut f32; 2], at: usize, room: usize, logits: &mut [f32]) {
    let (width, heads, groups, size) = (m.width as usize, m.heads as usize, m.groups as usize, m.size as usize);
    let eps = m.eps as f32;
    let hidden = (*m.layers).gate.rows as usize;
    let mut x = from_raw_parts(m.embedding.add(token * width), width).to_vec();
    let (mut h, mut y) = (vec![0f32; width], vec![0f32; width]);
    let (mut q, mut found) = (vec![0f32; heads * size], vec![0f32; heads * size]);
    let (mut gate, mut up) = (vec![0f32; hidden], vec![0f32; hidden]);
    let (mut k, mut v) = (vec![0f32; groups * size], vec![0f32; groups * size]);
    let (mut scores, mut spare) = (vec![0f32; at + 1], vec![0f32; size]);
    for (n, layer) in from_raw_parts(m.layers, m.count as usize).iter().enumerate() {
        normed(&x, layer.norm_in, eps, &mut h);
        product::<W>(&layer.q, &h, &mut q);
        product::<W>(&layer.k, &h, &mut k);
        product::<W>(&layer.v, &h, &mut v);
        for head in q.chunks_exact_mut(size) {
            placed(head, layer.q_norm, eps, turns[0], turns[1], &mut spare);
        }
        for group in 0..groups {
            let part = group * size..(group + 1) * size;
            placed(&mut k[part.clone()], layer.k_norm, eps, turns[0], turns[1], &mut spare);
            let begin = (n * groups + group) * room * size;
            let keys = from_raw_parts_mut(kept[0].add(begin), (at + 1) * size);
            let values = from_raw_parts_mut(kept[1].add(begin), (at + 1) * size);
            keys[at * size..].copy_from_slice(&k[part.clone()]);
            values[at * size..].copy_from_slice(&v[part]);
            for head in group * (heads / groups)..(group + 1) * (heads / groups) {
                let own = head * size..(head + 1) * size;
                attend(&q[own.clone()], keys, values, &mut scores, &mut found[own]);
            }
        }
        product::<W>(&layer.o, &found, &mut y);
        for (a, b) in x.iter_mut().zip(&y) {
            *a += b;
        }
        normed(&x, layer.norm_mid, eps, &mut h);
        product::<W>(&layer.gate, &h, &mut gate);
        product::<W>(&layer.up, &h, &mut up);
        for (g, u) in gate.iter_mut().zip(&up) {
            *g = *g / (1.0 + (-*g).exp()) * u;
        }
        product::<W>(&layer.down, &gate, &mut y);
        for (a, b) in x.iter_mut().zip(&y) {
            *a += b;
        }
    }
    normed(&x, m.last_norm, eps, &mut h);
    product::<W>(&m.head, &h, logits);
}

/// Read `token` at place `at`; `cos` and `sin` [size] are of its position. `keys` and `values` [layers, groups, room,
/// size] hold what was read before and get this token's. `logits` [vocabulary] of the next token.
///
/// # Safety
/// All pointers are to live float32 (matrices: as `narrow` says) buffers of these shapes, and `at < room`.
#[no_mangle]
pub unsafe extern "C" fn qwen3_step(
    model: *const Model, token: u64, cos: *const f32, sin: *const f32, keys: *mut f32, values: *mut f32, at: u64,
    room: u64, logits: *mut f32,
) {
    let m = &*model;
    let size = m.size as usize;
    let turns = [from_raw_parts(cos, size), from_raw_parts(sin, size)];
    let out = from_raw_parts_mut(logits, m.head.rows as usize);
    let run = if m.narrow != 0 { run::<u16> } else { run::<f32> };
    run(m, token as usize, turns, [keys, values], at as usize, room as usize, out);
}
