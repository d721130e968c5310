//! Who speaks, to whom, about what: the names and addresses of the simulated network.

use std::net::Ipv4Addr;

use super::chance::Chance;

/// Services that are called.
pub(crate) const SERVICES: usize = 200;
/// Paths of all services.
pub(crate) const PATHS: usize = 300;
const CLIENTS: u64 = 2000;
/// Names that are asked for.
const NAMES: usize = 3000;

const WORDS: [&str; 20] = [
    "cart", "checkout", "orders", "users", "search", "catalog", "payment", "invoice", "stock", "media", "auth",
    "session", "reviews", "shipping", "prices", "events", "metrics", "gateway", "proxy", "index",
];
const DOMAINS: [&str; 15] = [
    "example.com",
    "example.net",
    "example.org",
    "shop.example",
    "cdn.example",
    "svc.cluster.local",
    "prod.svc.cluster.local",
    "corp.example",
    "mail.example",
    "ads.example",
    "api.example",
    "static.example",
    "test",
    "internal",
    "box.example",
];
/// What clients call themselves.
pub(crate) const AGENTS: [&str; 12] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "curl/8.11.0",
    "Go-http-client/1.1",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "kube-probe/1.31",
    "Prometheus/3.0.1",
    "axios/1.7.9",
    "Java-http-client/21.0.5",
];

/// A client's address: three in four are of the cluster, the others come from outside.
pub(crate) fn client(chance: &mut Chance) -> Ipv4Addr {
    let number = chance.skewed(CLIENTS as usize) as u32;
    match number % 4 {
        0 => Ipv4Addr::from_bits(Ipv4Addr::new(198, 51, 100, 0).to_bits() + number),
        _ => Ipv4Addr::from_bits(Ipv4Addr::new(10, 1, 0, 0).to_bits() + number * 7),
    }
}

/// The address of a service.
pub(crate) fn server(service: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 96, 0, 0).to_bits() + service as u32 * 3 + 1)
}

/// The name of a service.
pub(crate) fn host(service: usize) -> String {
    format!(
        "{}-{}.{}",
        WORDS[service % WORDS.len()],
        service / WORDS.len(),
        DOMAINS[service % DOMAINS.len()]
    )
}

/// A path.
pub(crate) fn path(number: usize) -> String {
    let (word, rest) = (WORDS[number % WORDS.len()], number / WORDS.len());
    match number % 5 {
        0 => format!("/api/v1/{word}/{rest}"),
        1 => format!("/api/v2/{word}/{rest}/items"),
        2 => format!("/static/{word}/{rest}.js"),
        3 => format!("/app/{word}/{rest}"),
        _ => format!("/{word}/{rest}/healthz"),
    }
}

/// A name to ask for, whether it exists, and its number.
pub(crate) fn question(chance: &mut Chance) -> (String, bool, usize) {
    let number = chance.skewed(NAMES);
    let domain = DOMAINS[number % DOMAINS.len()];
    let name = match number {
        0..15 => domain.to_owned(),
        _ => format!("{}-{}.{domain}", WORDS[number % WORDS.len()], number / WORDS.len()),
    };
    // Resolvers of a cluster try its own domains first.
    if chance.once_in(16) {
        (format!("{name}.default.svc.cluster.local"), false, number)
    } else {
        (name, !number.is_multiple_of(97) || number == 0, number)
    }
}
