pub type Matrix = Vec<Vec<i64>>;

pub fn transpose(m: Matrix) -> Matrix {
    (0..m[0].len()).map(|col| m.iter().map(|row| row[col]).collect()).collect()
}

pub fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    let cell = |row: &[i64], col: usize| (0..row.len()).map(|k| row[k] * b[k][col]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|col| cell(row, col)).collect()).collect()
}

pub fn gram(m: Matrix) -> Matrix {
    let turned = transpose(m);
    multiply(&turned, &m)
}
