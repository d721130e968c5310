# NX-27017, a server of MongoDB's wire protocol, to PyMongo: hello, inserts in documents and in sections, finds with cursors, updates,
# deletes, aggregation, indexes, errors, compression, unacknowledged writes. Not on its usual port.
#
# Needs PyPI's nx-27017 and pymongo.
# shellcheck shell=bash disable=SC2154
port=17017

serve() {
    spawn "$python" -m nx_27017.nx_27017 --data-dir memory --host 127.0.0.1 -p $port --log-file "$dir/nx.log" --pid-file "$dir/nx.pid"
    await $port
}

talk() { script mongodb.py $port; }
