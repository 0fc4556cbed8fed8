#[cfg(test)]
mod tests {
    use super::*;

    fn queue(jobs: &[u32]) -> Queue {
        let mut queue = Queue::default();
        jobs.iter().for_each(|&pages| queue.submit(pages));
        queue
    }

    #[test]
    fn the_paper_jam_is_tried_twice() {
        let mut seen = vec![];
        let failed = queue(&[3, 50, 2]).drain(|job| {
            seen.push(job.pages);
            job.pages < 50
        });
        assert_eq!(seen, [3, 50, 2, 50]);
        assert_eq!(failed, [Job { pages: 50, retried: true }]);
    }

    #[test]
    fn all_is_well() {
        let mut queue = queue(&[1, 2]);
        assert!(queue.drain(|_| true).is_empty());
        assert!(queue.waiting.is_empty());
    }
}
