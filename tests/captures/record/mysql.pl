# Prepared statements of MySQL's binary protocol.
use strict;
use warnings;
use DBI;

my ($port) = @ARGV;
my $db = DBI->connect(
    "dbi:MariaDB:database=shop;host=127.0.0.1;port=$port", "demo", "secret",
    { mariadb_server_prepare => 1, PrintError => 0, RaiseError => 0 },
) or die;
my $get = $db->prepare("SELECT id, name, born, score, data FROM users WHERE id = ?");
for my $id (1, 2, 99) {
    $get->execute($id);
    $get->fetchall_arrayref;
}
$get->finish;
my $add = $db->prepare("INSERT INTO users (name, born, score, data) VALUES (?, ?, ?, ?)");
$add->execute("prepared", "1999-12-31", 2.25, "\x00\x01");
$add->execute("nulls", undef, undef, undef);
$add->execute("x" x 50, undef, undef, undef);
my $typed = $db->prepare("SELECT ? + 1, NOW() > '2000-01-01', CAST('10:11:12.5' AS TIME(3)), CAST(-5 AS SIGNED), CAST(1.25 AS DECIMAL(6,2))");
$typed->execute(41);
$typed->fetchall_arrayref;
$db->prepare("SELECT nothing FROM users WHERE id = ?");
$db->prepare("SELEC ?");
$db->do("INSERT INTO users (id) VALUES (?)", undef, 1);
$db->do("SET \@x = 1");
$db->disconnect;
