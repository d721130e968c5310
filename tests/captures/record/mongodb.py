"""A client of MongoDB."""

import datetime
import platform
import sys

# The client tells its system; ours is nobody's.
platform.release = lambda: "6.1.0"

import pymongo
from bson import Binary, Decimal128, Int64, ObjectId, Regex
from pymongo.errors import PyMongoError

port = sys.argv[1]


def failing(call, *arguments, **options):
    try:
        return call(*arguments, **options)
    except PyMongoError as error:
        print(repr(error))


def talk(**options):
    client = pymongo.MongoClient("127.0.0.1", int(port), serverSelectionTimeoutMS=3000, appname="shop", **options)
    shop = client.shop
    orders = shop.orders
    failing(orders.insert_one, {"_id": 1, "user": "bob", "total": 9.5, "items": [{"name": "tea", "count": 2}, {"name": "größe"}]})
    kinds = {
        "_id": ObjectId("0123456789abcdef01234567"), "at": datetime.datetime(2024, 1, 1), "data": Binary(b"\x00\xff"),
        "big": Int64(1 << 40), "none": None, "yes": True,
    }
    failing(orders.insert_one, kinds)
    failing(orders.insert_one, {"_id": 2, "like": Regex("^a"), "exact": Decimal128("1.25")})
    failing(orders.insert_many, [{"_id": number, "total": number} for number in range(10, 40)])
    failing(orders.insert_one, {"_id": 1})
    failing(orders.insert_many, [{"_id": 100}, {"_id": 1}, {"_id": 101}], ordered=False)
    failing(orders.find_one, {"user": "bob"})
    failing(orders.find_one, {"user": "nobody"})
    failing(lambda: list(orders.find({"total": {"$gt": 5}}, {"total": 1}, sort=[("total", -1)], batch_size=7)))
    failing(lambda: list(orders.find({"$nonsense": 1})))
    failing(orders.update_one, {"_id": 1}, {"$set": {"state": "paid"}})
    failing(orders.update_many, {"total": {"$lt": 20}}, {"$inc": {"total": 1}})
    failing(orders.replace_one, {"_id": 500}, {"total": 1}, upsert=True)
    failing(orders.find_one_and_update, {"_id": 1}, {"$unset": {"state": ""}})
    failing(orders.bulk_write, [pymongo.InsertOne({"_id": 200}), pymongo.DeleteOne({"_id": 200}), pymongo.UpdateOne({"_id": 1}, {"$set": {"a": 1}})])
    failing(lambda: list(orders.aggregate([{"$match": {"total": {"$gt": 1}}}, {"$group": {"_id": None, "sum": {"$sum": "$total"}}}])))
    failing(orders.count_documents, {})
    failing(orders.distinct, "user")
    failing(orders.create_index, [("user", 1)])
    failing(lambda: list(orders.list_indexes()))
    failing(shop.list_collection_names)
    failing(client.list_database_names)
    failing(shop.command, "ping")
    failing(shop.command, "buildInfo")
    failing(shop.command, "nonsense", 1)
    failing(orders.delete_one, {"_id": 1})
    failing(orders.delete_many, {})
    failing(orders.drop)
    # The server answers even what wants no answer.
    failing(shop.get_collection("orders", write_concern=pymongo.WriteConcern(w=0)).insert_one, {"_id": 300})
    client.close()


talk()
talk(compressors="zlib", w=1)
failing(pymongo.MongoClient("127.0.0.1", int(port), username="demo", password="wrong", serverSelectionTimeoutMS=2000).shop.command, "ping")
