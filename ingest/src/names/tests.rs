use super::*;

fn naming(packet: u64, address: u32, name: &str) -> Naming {
    Naming {
        packet,
        time_ns: 0,
        address: std::net::Ipv4Addr::from_bits(address).into(),
        name: name.into(),
        lookup: Lookup::Forward,
    }
}

fn count(anomalies: &Anomalies) -> u64 {
    anomalies.iter().map(|(_, finding)| finding.count).sum()
}

#[test]
fn many_names_stay_within_their_bound_and_the_latest_are_known() {
    let limits = Limits {
        name_bytes: 100_000,
        ..Limits::default()
    };
    let mut anomalies = Anomalies::default();
    let mut names = Names::default();
    for address in 1..50_000_u32 {
        let naming = naming(u64::from(address), address, &format!("n{address}.example"));
        names.learn(vec![naming], &limits, &mut anomalies);
        // Each half is passed by one address at most.
        assert!(names.recent.held_bytes + names.older.held_bytes < limits.name_bytes + 500);
    }
    let known = names.recent.histories.len() + names.older.histories.len();
    assert_eq!(count(&anomalies) + known as u64, 49_999);
    let last = |address: u32| {
        let history = names.history(std::net::Ipv4Addr::from_bits(address).into())?;
        history.last_before(u64::MAX)
    };
    assert_eq!((last(49_999), last(1)), (Some("n49999.example"), None));
}

#[test]
fn an_address_that_is_named_again_and_again_is_not_forgotten() {
    let limits = Limits {
        name_bytes: 10_000,
        ..Limits::default()
    };
    let mut names = Names::default();
    for address in 2..10_000 {
        let told = vec![naming(1, 1, "often.example"), naming(1, address, "once.example")];
        names.learn(told, &limits, &mut Anomalies::default());
    }
    let history = names.history(std::net::Ipv4Addr::from_bits(1).into());
    assert_eq!(
        history.and_then(|history| history.last_before(9)),
        Some("often.example")
    );
}

#[test]
fn one_address_with_ever_new_names_stays_small() {
    let mut names = Names::default();
    for packet in 0..10_000 {
        let told = vec![naming(packet, 1, &format!("n{packet}.example"))];
        names.learn(told, &Limits::default(), &mut Anomalies::default());
    }
    assert!(names.recent.held_bytes < 2000, "{}", names.recent.held_bytes);
}

#[test]
fn what_a_shard_holds_is_bounded() {
    let limits = Limits {
        name_bytes_per_shard: 1000,
        ..Limits::default()
    };
    let mut found = Found::default();
    let mut anomalies = Anomalies::default();
    for packet in 0..1000 {
        found.add(naming(packet, 1, "a.example"), &limits, &mut anomalies);
    }
    let taken = found.take();
    assert_eq!(count(&anomalies) + taken.len() as u64, 1000);
    assert!((10..100).contains(&taken.len()));
    found.add(naming(1, 1, "a.example"), &limits, &mut anomalies);
    assert_eq!(found.take().len(), 1, "there is room again");
}

#[test]
fn what_is_no_name_of_a_host_is_passed_over() {
    let mut found = Found::default();
    let long = "a".repeat(NAME_BYTES + 1);
    for (address, name) in [
        (1, ""),
        (1, "."),
        (1, long.as_str()),
        (0, "a.example"),
        (1, "a.example"),
    ] {
        found.add(naming(1, address, name), &Limits::default(), &mut Anomalies::default());
    }
    assert_eq!(found.take(), [naming(1, 1, "a.example")]);
}

#[test]
fn blocks_name_addresses_from_their_first_packet_on() {
    let mut block = Block::default();
    block.names = vec![
        Named {
            address: [192, 0, 2, 1].into(),
            name: "a.example.".into(),
        },
        Named {
            address: [0, 0, 0, 0].into(),
            name: "b.example".into(),
        },
    ];
    block.first_number = 7;
    let mut names = Names::default();
    names.learn_block(&block, &Limits::default(), &mut Anomalies::default());
    assert_eq!(names.recent.histories.len(), 1);
    let history = names.history([192, 0, 2, 1].into()).expect("it was named");
    assert_eq!(
        (history.last_before(6), history.last_before(7)),
        (None, Some("a.example"))
    );
    assert_eq!(
        history.last_until(0),
        Some("a.example"),
        "flows and connections take it at any time"
    );
}
