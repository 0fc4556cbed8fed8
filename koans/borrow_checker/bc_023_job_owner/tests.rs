#[cfg(test)]
mod tests {
    use super::*;

    fn job(owner: Option<&str>) -> Job {
        Job { id: 4, owner: owner.map(String::from), team: "infra".to_string() }
    }

    #[test]
    fn owner_comes_first() {
        assert_eq!(job(Some("lena")).responsible(), "job 4 belongs to lena");
    }

    #[test]
    fn falls_back_to_the_team() {
        assert_eq!(job(None).responsible(), "job 4 belongs to team infra");
    }
}
