"""What lies in the store: one object for each content, in a folder or in a bucket.

Studios put objects away, the gateway reads them, the clerk clears them away when nobody refers to
them any more. A studio announces an object before it puts it there, so that none is cleared away
while it is on its way into a delivery.
"""
