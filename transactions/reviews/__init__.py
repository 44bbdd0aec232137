"""What waits for somebody's decision, and who may decide it?"""
